package claudecode

import "slices"

// The lanes that the program tells apart by itself. Another provider's name is
// a lane of its own.
const (
	laneSubscription = "subscription"
	laneAPIKey       = "api-key"
)

// lane says who pays, or "" when nobody is signed in.
func (a *account) lane() string {
	none := []string{"", "none"}
	switch {
	case a.Provider != "" && a.Provider != "firstParty":
		return a.Provider
	case !slices.Contains(none, a.KeySource):
		return laneAPIKey
	case a.Subscription != "":
		return laneSubscription
	case a.TokenSource == "ANTHROPIC_AUTH_TOKEN", a.TokenSource == "apiKeyHelper":
		return laneAPIKey
	case !slices.Contains(none, a.TokenSource):
		return laneSubscription
	}
	return ""
}

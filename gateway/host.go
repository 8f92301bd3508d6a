package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// target is where something inside wants to go: a host's name, lower case and
// without a dot at its end, and a port that is open for hosts.
type target struct{ host, port string }

func (t target) String() string { return t.host + ":" + t.port }

// parseTarget reads host:port; without a port it is the given one.
func parseTarget(s, port string) (target, error) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s, port = s[:i], s[i+1:]
	}
	host, err := parseName(s)
	if err != nil {
		return target{}, err
	}
	if port != "80" && port != "443" {
		return target{}, errors.New("only the ports 80 and 443 are open")
	}
	return target{host, port}, nil
}

// parseName reads a host's name. What resolvers take for an address, in any
// notation, is none.
func parseName(s string) (string, error) {
	// Some letters become ASCII when they are lowered.
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return "", errors.New("it is not of ASCII letters; write the name in its xn-- form")
	}
	name := strings.TrimSuffix(strings.ToLower(s), ".")
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return "", errors.New("it is not the name of a host")
		}
	}
	if len(name) > 253 {
		return "", errors.New("it is too long for the name of a host")
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", errors.New("hosts are allowed by name, not by address")
	}
	return name, nil
}

func validLabel(s string) bool {
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && !strings.ContainsFunc(s, other)
}

// rules are the hosts that may be reached.
type rules struct {
	names    []string
	suffixes []string // each begins with a dot
}

// parseRules reads names and suffixes. Its error names all that are none.
func parseRules(hosts []string) (rules, error) {
	var r rules
	var problems []error
	for _, h := range hosts {
		bare, suffix := strings.CutPrefix(h, ".")
		name, err := parseName(bare)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("cannot allow the host %q: %w", h, err))
		case suffix && !strings.Contains(name, "."):
			problems = append(problems, fmt.Errorf("cannot allow the host %q: it is a whole top-level domain", h))
		case suffix:
			r.suffixes = append(r.suffixes, "."+name)
		default:
			r.names = append(r.names, name)
		}
	}
	return r, errors.Join(problems...)
}

// allow says whether the rules name a host.
func (r rules) allow(host string) bool {
	return slices.Contains(r.names, host) ||
		slices.ContainsFunc(r.suffixes, func(s string) bool { return len(host) > len(s) && strings.HasSuffix(host, s) })
}

// special are the addresses that do not belong to somebody on the internet, or
// that hold another address, beside those that [netip.Addr] knows.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // between providers and their customers; some clouds' metadata
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("3fff::/20"),
}

var (
	internet6 = netip.MustParsePrefix("2000::/3")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
)

// public says whether an address is one on the internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == "" && (a.Is4() || internet6.Contains(a)) &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

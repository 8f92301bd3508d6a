package autosession

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// HistoryEntry is one change of one feature's state. Entries are only ever
// added, and each carries the hash of the one before, so that a change of an
// old one shows.
type HistoryEntry struct {
	Link
	At      time.Time `json:"at"`
	Feature string    `json:"feature"` // key; "" when the whole list is meant
	By      string    `json:"by"`      // "agent", "person", "check", "autosession"
	Session int       `json:"session,omitempty"`
	What    string    `json:"what"` // "accepted", "claimed", "proven", "disproved", "broken", "reopened", "restored", ...
	Detail  string    `json:"detail,omitempty"`
}

// Link is a place in the chain of a ledger's history.
type Link struct {
	N    int64  `json:"n"`    // from 1, without gaps
	Hash string `json:"hash"` // over the entry and the hash of the one before
}

// after gives the link of an entry that follows l.
func (l Link) after(e HistoryEntry) Link {
	e.Link = Link{N: l.N + 1, Hash: l.Hash}
	e.At = e.At.Round(0).UTC()
	sum := sha256.Sum256(formatText(e))
	return Link{N: l.N + 1, Hash: hex.EncodeToString(sum[:])}
}

// chain links entries to what was there before and returns the new head. What
// is no text in them is made one: it must come back from a store as it is.
func chain(head Link, entries []HistoryEntry) Link {
	for i := range entries {
		e := &entries[i]
		for _, text := range []*string{&e.Feature, &e.By, &e.What, &e.Detail} {
			*text = strings.ToValidUTF8(*text, "�")
		}
		head = head.after(*e)
		e.Link = head
	}
	return head
}

// VerifyHistory goes through the whole history of a ledger and returns how
// many entries it has. The error names the first entry that is not what was
// written, or that is missing. head is that of the project's record.
func VerifyHistory(ctx context.Context, a Archive, head Link) (int64, error) {
	var at Link
	for e, err := range a.Chain(ctx) {
		if err != nil {
			return at.N, err
		}
		next := at.after(e)
		if e.Link != next {
			return at.N, fmt.Errorf("cannot believe the history: entry %d (%s %s) is not what was written", next.N, e.Feature, e.What)
		}
		at = next
	}
	if at != head {
		return at.N, fmt.Errorf("cannot believe the history: it ends with entry %d and must end with %d", at.N, head.N)
	}
	return at.N, nil
}

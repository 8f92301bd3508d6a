package gateway

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/redact"
)

const (
	// maxDenied bounds the events of what is denied: they cost the inside
	// nothing. What follows is counted.
	maxDenied = 1000
	// maxShown is how much an event shows of what others chose, in bytes.
	maxShown = 300
)

// journal reports attempts, one at a time.
type journal struct {
	report func(autosession.Event)
	redact *redact.Redactor // of the key and the token

	mu     sync.Mutex
	denial int
}

// allowed reports what was let through and has ended. in is what came into the
// sandbox, out what left it, in bytes.
func (j *journal) allowed(to string, in, out int64, how string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.write("allowed", to, in, out, how)
}

// denied reports what was not.
func (j *journal) denied(to, reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.denial++; j.denial <= maxDenied {
		j.write("denied", to, 0, 0, reason)
	}
}

// close reports what was only counted.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if more := j.denial - maxDenied; more > 0 {
		j.write("denied", "any host", 0, 0, fmt.Sprintf("%d further attempts, not listed", more))
	}
}

func (j *journal) write(verdict, to string, in, out int64, reason string) {
	text := fmt.Sprintf("%s %s, %d bytes in, %d bytes out: %s", verdict, to, in, out, reason)
	j.report(autosession.Event{Time: time.Now(), Type: autosession.EventNetwork, Text: j.redact.Text(text)})
}

// shown is a name from inside as a person may see it: short, of harmless
// characters, and without what could be taken for the rest of an event.
func shown(name string) string {
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`,"\`, r) }
	name = short(name)
	if name != "" && !strings.ContainsFunc(name, odd) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// plain is a sentence as a person may see it.
func plain(sentence string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, short(sentence))
}

func short(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "..."
	}
	return s
}

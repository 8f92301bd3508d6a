package autosession

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession/internal/atomicfile"
)

// The notes are read at every start, so they may not grow for ever. When they
// are longer than maxNotes, in bytes, the oldest go to the state directory and
// about keptNotes stay.
const (
	maxNotes  = 64 << 10
	keptNotes = 32 << 10
)

// notesDir holds, in the state directory, the notes that were taken out, by
// session.
const notesDir = "notes"

// archiveNotes takes old notes out of their file. Cut short, it is done again:
// what is taken out is written down first.
func (p *project) archiveNotes(session int) error {
	text := p.readText(p.cfg.Notes, MaxListSize)
	old, recent := splitNotes(text)
	if old == "" {
		return nil
	}
	dir := filepath.Join(p.cfg.State, notesDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot keep old notes: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot keep old notes: %w", err)
	}
	defer root.Close()
	name := fmt.Sprintf("%06d-%s", session, filepath.Base(p.cfg.Notes))
	if err := atomicfile.Write(root, name, []byte(old), 0o600); err != nil {
		return err
	}
	p.report(Event{Type: EventNote, Session: session, Text: fmt.Sprintf("the oldest notes are taken out of %s and kept in %s", p.cfg.Notes, filepath.Join(dir, name))})
	head := fmt.Sprintf("(Older notes were taken out after session %d; autosession keeps them for the person.)\n\n", session)
	return p.writeFile(p.cfg.Notes, []byte(head+recent))
}

// splitNotes says what goes and what stays: old is "" while the notes are
// short enough. It cuts between two entries where it can, else between lines.
func splitNotes(text string) (old, recent string) {
	if len(text) <= maxNotes {
		return "", text
	}
	cut := len(text) - keptNotes
	for _, border := range []string{"\n#", "\n\n", "\n"} {
		if i := strings.Index(text[cut:cut+keptNotes/2], border); i >= 0 {
			cut += i + 1
			return text[:cut], text[cut:]
		}
	}
	for cut < len(text) && text[cut]&0xC0 == 0x80 {
		cut++
	}
	return text[:cut], text[cut:]
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
)

// stream measures whole sessions with a stand-in for Claude Code that answers
// at once with 40,000 messages: all of them saved, in the transcript and in the
// database on the disk, from the opening of the session to the end of its
// CLOSE. The yardstick starts the same stand-in and only decodes what it says.
func stream(ctx context.Context, l *lab) ([]figure, error) {
	const samples = 5
	claude, err := l.standin()
	if err != nil {
		return nil, err
	}
	dir, err := l.makeProject(ctx, 1, usualFiles)
	if err != nil {
		return nil, err
	}
	b, err := l.open(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	b.cfg.Agent = claudecode.Agent{Command: claude, Key: "played", Lane: autosession.LanePlayed}
	var took, turns, plain []time.Duration
	var above []float64
	for range samples {
		bare, err := decode(ctx, claude)
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
		s, err := b.streamed(ctx)
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
		plain, took, turns, above = append(plain, bare), append(took, s.whole), append(turns, s.turn), append(above, s.above)
	}
	whole := newFigure(fmt.Sprintf("a session of %d messages, all saved", messages), "ms", 300, ms(took))
	return []figure{
		whole.against("a loop that only decodes them", ms(plain)),
		newFigure("the same, against that loop", "times", 2, each(ms(took), ms(plain), over)),
		newFigure("of that, from the prompt to the outcome", "ms", 0, ms(turns)),
		newFigure("peak memory meanwhile, above idle", "MB", 30, above),
	}, b.close()
}

// streamed is what one session of many messages cost.
type streamed struct {
	whole, turn time.Duration
	above       float64 // MB
}

func (b *bench) streamed(ctx context.Context) (streamed, error) {
	idle, err := resetPeak()
	if err != nil {
		return streamed{}, err
	}
	start := time.Now()
	s, err := autosession.Open(ctx, b.cfg)
	if err != nil {
		return streamed{}, err
	}
	prompted := time.Now()
	outcome, err := s.Run(ctx, "Go.")
	turn := time.Since(prompted)
	err = errors.Join(err, s.Close(ctx))
	cost := streamed{whole: time.Since(start), turn: turn}
	if err != nil {
		return cost, err
	}
	if outcome.Class != autosession.OutcomeDone {
		return cost, fmt.Errorf("the session ended otherwise: %s: %s", outcome.Class, outcome.Detail)
	}
	held, err := residents(os.Getpid())
	cost.above = held["VmHWM"] - idle
	return cost, errors.Join(err, b.savedAll(ctx, s.Record().ID))
}

// savedAll sees that nothing is missing in the transcript and the database: a
// session is not quick by losing messages.
func (b *bench) savedAll(ctx context.Context, session string) error {
	text, err := os.ReadFile(filepath.Join(b.cfg.State, "transcripts", session+".jsonl"))
	if err != nil {
		return err
	}
	events := 0
	for _, err := range b.store.Events(ctx, session, 0) {
		if err != nil {
			return err
		}
		events++
	}
	if lines := bytes.Count(text, []byte("\n")); lines < messages || events < messages {
		return fmt.Errorf("of %d messages the transcript holds %d and the database %d", messages, lines, events)
	}
	return nil
}

// resetPeak gives memory back, makes the kernel forget the peak of this
// process, and returns what it holds now, in MB.
func resetPeak() (float64, error) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return 0, fmt.Errorf("cannot reset the peak of this process's memory: %w", err)
	}
	held, err := residents(os.Getpid())
	return held["VmRSS"], err
}

// decode starts the stand-in, prompts it, decodes each line until the turn is
// over, and waits for its end.
func decode(ctx context.Context, claude string) (time.Duration, error) {
	start := time.Now()
	c := exec.CommandContext(ctx, claude)
	in, err := c.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	_, err = io.WriteString(in, `{"type":"user"}`+"\n")
	lines := bufio.NewReaderSize(out, 64<<10)
	for over := false; err == nil && !over; {
		var line []byte
		if line, err = lines.ReadBytes('\n'); err != nil {
			break
		}
		var m map[string]any
		err = json.Unmarshal(line, &m)
		over = m["subtype"] == "session_state_changed"
	}
	err = errors.Join(err, in.Close(), c.Wait())
	return time.Since(start), err
}

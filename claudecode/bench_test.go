package claudecode

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/autosession/autosession"
)

// BenchmarkSession is a whole turn of 40,000 messages that a stand-in answers
// at once, every event and frame written to a file. Compare it with
// BenchmarkPlainLoop.
func BenchmarkSession(b *testing.B) {
	dir := b.TempDir()
	saved, err := os.Create(filepath.Join(dir, "events"))
	if err != nil {
		b.Fatal(err)
	}
	defer saved.Close()
	out := bufio.NewWriterSize(saved, 256<<10)
	var events int64
	task := autosession.Task{
		Session: uuid(), Dir: dir, Home: dir, Hooks: &gate{}, Start: startStandin(b, "messages", dir),
		Emit: func(e autosession.Event) error {
			events++
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			out.Write(text)
			out.Write(e.Raw)
			return out.WriteByte('\n')
		},
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c, err := Agent{Command: self, Key: "dummy"}.Open(b.Context(), task)
	if err != nil {
		b.Fatal(err)
	}
	peak := watchHeap(b)
	for b.Loop() {
		if _, err := c.Run(b.Context(), "Go."); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
	b.ReportMetric(float64(events)/float64(b.N), "events/op")
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPlainLoop reads the same turn and only decodes each line.
func BenchmarkPlainLoop(b *testing.B) {
	dir := b.TempDir()
	inR, inW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	p, err := startStandin(b, "messages", dir)(b.Context(), autosession.Command{Stdin: inR, Stdout: outW})
	if err != nil {
		b.Fatal(err)
	}
	inR.Close()
	outW.Close()
	lines := bufio.NewReaderSize(outR, 64<<10)
	for b.Loop() {
		io.WriteString(inW, `{"type":"user"}`+"\n")
		for idle := false; !idle; {
			text, err := lines.ReadBytes('\n')
			if err != nil {
				b.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(text, &m); err != nil {
				b.Fatal(err)
			}
			idle = m["subtype"] == "session_state_changed"
		}
	}
	inW.Close()
	p.Wait()
}

// BenchmarkTenMillionLines takes the lines of TestFlood, without a program.
func BenchmarkTenMillionLines(b *testing.B) {
	block := floodBlock()
	for b.Loop() {
		var events atomic.Int64
		out := newOutbox(func(autosession.Event) error { events.Add(1); return nil })
		c := &conversation{outbox: out, wire: newWire(nopCloser{io.Discard}), news: make(chan struct{}, 1)}
		c.meter = newMeter()
		c.report = newReport(c.meter)
		n := 0
		peak := watchHeap(b)
		for n < floodLines {
			lines := newLineReader(strings.NewReader(block))
			for l, err := lines.next(); err == nil; l, err = lines.next() {
				c.take(context.Background(), l)
				n++
			}
		}
		out.close()
		<-out.done
		b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
		b.ReportMetric(float64(n), "lines")
		b.ReportMetric(float64(events.Load()), "events")
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/policy"
)

// maxQuestion bounds a line of policy check --jsonl, in bytes. A command may
// have 64 KiB, which JSON may write six times as long.
const maxQuestion = 1 << 20

// question is one line of policy check --jsonl.
type question struct {
	id      json.RawMessage // as it was written; nil is none
	command string
}

// reply is the line that answers it. It is a contract: scripts rely on it.
type reply struct {
	ID      json.RawMessage `json:"id"`
	Verdict string          `json:"verdict"` // "allow" or "deny"
	Reason  string          `json:"reason"`
}

// answer judges line by line. It says what it knows whenever it has to wait
// for more, so that a program can ask and wait for the answer.
func answer(p *policy.Policy, in io.Reader, out io.Writer) error {
	from, to := bufio.NewReaderSize(in, 64<<10), bufio.NewWriterSize(out, 64<<10)
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	for {
		line, err := questionLine(from)
		if len(bytes.TrimSpace(line)) > 0 {
			if err := enc.Encode(judgeLine(p, line)); err != nil {
				return fmt.Errorf("cannot print: %w", err)
			}
		}
		if err != nil || from.Buffered() == 0 {
			if err := to.Flush(); err != nil {
				return fmt.Errorf("cannot print: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read the commands: %w", err)
		}
	}
}

// questionLine reads a line, of which it keeps a little more than a question
// may have.
func questionLine(in *bufio.Reader) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxQuestion+1-len(line))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func judgeLine(p *policy.Policy, line []byte) reply {
	q, err := parseQuestion(line)
	if err != nil {
		return reply{q.id, "deny", "cannot read this line: " + err.Error()}
	}
	v := p.Command(q.command, autosession.Continue)
	return reply{q.id, verdictWord(v), v.Reason}
}

// parseQuestion reads one line. What came before an error is told with it.
func parseQuestion(line []byte) (q question, err error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return q, errors.New("it is not a JSON object")
	}
	found := false
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			break // told below
		}
		switch name {
		case "id":
			q.id = value
		case "command":
			if found || value[0] != '"' || json.Unmarshal(value, &q.command) != nil {
				return q, errors.New("it must have one command, a text")
			}
			found = true
		}
	}
	switch {
	case len(line) > maxQuestion:
		return q, fmt.Errorf("it is longer than %d bytes", maxQuestion)
	case !utf8.Valid(line):
		return q, errors.New("it is not UTF-8")
	case !json.Valid(line):
		return q, errors.New("it is not one JSON object")
	case !found:
		return q, errors.New("it has no command")
	}
	return q, nil
}

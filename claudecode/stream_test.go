package claudecode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/autosession/autosession"
)

// replay makes events of a stream, without a program and without a clock.
func replay(t testing.TB, r io.Reader) (events []autosession.Event, sizes int64) {
	lines, rep, f := newLineReader(r), newReport(newMeter()), new(frame)
	for {
		l, err := lines.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return events, sizes
		}
		sizes += l.size
		if f.parse(l.data) != nil {
			events = append(events, rep.badLine(l, noon)...)
		} else {
			events = append(events, rep.events(f, l, noon)...)
		}
	}
}

// chunks gives its text out in pieces of the lengths that it is told.
type chunks struct {
	text string
	next func() int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.next())], c.text)
	c.text = c.text[n:]
	return n, nil
}

// sample has one frame of each kind.
const sample = `{"type":"system","subtype":"init","session_id":"s","model":"m","tools":["Bash"],"claude_code_version":"2.1.197","mcp_servers":[{"name":"x","status":"failed"}]}
{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","model":"m","usage":{"input_tokens":9,"output_tokens":1}}}}
{"type":"assistant","message":{"id":"m1","model":"m","content":[{"type":"thinking","thinking":"hm"}],"usage":{"input_tokens":9,"output_tokens":1}}}
{"type":"assistant","message":{"id":"m1","model":"m","content":[{"type":"text","text":"h\u00e9llo é 😀"},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls"}}],"usage":{"input_tokens":9,"output_tokens":1}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h"}},"session_id":"s"}
{"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":5}}}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a"},{"type":"image"}]}]}}
not JSON
{"type":"assistant","parent_tool_use_id":"t9","message":{"id":"m2","model":"m","content":[{"type":"text","text":"sub"}],"usage":{"input_tokens":2,"output_tokens":1}}}
{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795449600,"rateLimitType":"five_hour"}}
{"type":"system","subtype":"compact_boundary","compact_metadata":{"trigger":"auto","pre_tokens":170000}}
{"type":"system","subtype":"api_retry","attempt":2,"max_retries":10,"retry_delay_ms":1100,"error_status":529,"error":"overloaded"}
{"type":"system","subtype":"permission_denied","tool_name":"Write"}
{"type":"brand new"}
{"type":"result","subtype":"success","total_cost_usd":0.25,"modelUsage":{"m":{"inputTokens":11,"outputTokens":7,"contextWindow":100}},"permission_denials":[{}]}
{"type":"assis`

func TestSampleEvents(t *testing.T) {
	events, _ := replay(t, strings.NewReader(sample))
	var got []string
	for _, e := range events {
		got = append(got, string(e.Type)+" "+e.Text)
	}
	want := []string{
		"note claude 2.1.197 with m and 1 tools", "note MCP server x is failed",
		"thinking ", "text héllo é 😀", "tool-call ", "tool-result ",
		"raw a line that is not JSON", "note sub-agent t9: sub", "limit rejected five_hour", "compaction auto",
		"retry 529 overloaded, attempt 2 of 10, next in 1.1 s", "note the program itself denied Write", "raw brand new",
		"usage ", "note 1 tool calls were denied in this turn", "raw half a line",
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("events:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	last := events[len(events)-1]
	wantUsage := autosession.Usage{Turns: 1, Tokens: autosession.Tokens{Input: 11, Output: 7}, CostUSD: 0.25}
	if last.Usage != wantUsage || last.Context != 0.14 {
		t.Errorf("usage = %+v, context %v", last.Usage, last.Context)
	}
	if r := events[5]; r.Result.Text != "a\n[image]" || r.Call.Tool != "Bash" || r.Usage.Tokens.Output != 5 {
		t.Errorf("result = %+v %+v", r.Result, r.Call)
	}
	if !events[8].Until.Equal(time.Unix(1795449600, 0)) || events[2].N != 2 {
		t.Errorf("limit = %v, thinking %d", events[8].Until, events[2].N)
	}
}

// TestAlive has frames of progress as the program writes them, and what looks
// like one: whether a frame is decoded or told by its first bytes, it means the
// same.
func TestAlive(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"keep_alive"}`:                                   "keep_alive",
		`{"type":"keep_alive"}{"type":"keep_alive"}`:              "",
		`{"type": "keep_alive"}`:                                  "",
		`{"type":"tool_progress","tool_use_id":"t"}`:              "tool_progress",
		`{"type":"tool_progress_new"}`:                            "",
		`{"type":"tool_progress","tool_use`:                       "",
		`{"type":"stream_event","event":{"type":"message_stop"}}`: "",
		`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"}"}}}`: "stream_event",
		`{"type":"stream_event","event":{"type":"content_block_stop","index":0},"parent_tool_use_id":"t9"}`:                 "stream_event",
		`{"event":{"type":"content_block_delta"},"type":"stream_event"}`:                                                    "",
		``: "",
	} {
		got := alive([]byte(text))
		if got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
		var decoded struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal([]byte(text), &decoded); got != "" && (err != nil || decoded.Type != got) {
			t.Errorf("%s: decoded it is %q, %v", text, decoded.Type, err)
		}
	}
}

// TestAnySplit has the bytes of a stream come in any pieces: the events are
// the same.
func TestAnySplit(t *testing.T) {
	want, _ := replay(t, strings.NewReader(sample))
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.IntRange(1, 40)
		got, _ := replayRapid(t, &chunks{sample, func() int { return piece.Draw(t, "piece") }})
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d events, want %d the same", len(got), len(want))
		}
	})
}

func replayRapid(t *rapid.T, r io.Reader) ([]autosession.Event, int64) {
	return replay(rapidTB{TB: nil, t: t}, r)
}

// rapidTB lets a property fail through replay.
type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Fatal(args ...any) { r.t.Fatal(args...) }

func FuzzStream(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\",\"content\":7}]}}\r\n\n\x00"))
	f.Add([]byte(`{"type":"result","modelUsage":{"a":null},"errors":[null],"total_cost_usd":-1e308}`))
	f.Add([]byte(`{"type":"system","subtype":"task_started","patch":[]}` + "\n" + `{"type":"control_request","request":{}}`))
	f.Fuzz(func(t *testing.T, stream []byte) {
		events, sizes := replay(t, bytes.NewReader(stream))
		if sizes > int64(len(stream)) {
			t.Errorf("%d bytes in lines, of %d", sizes, len(stream))
		}
		turn := newTurn(lasting{})
		for _, e := range events {
			if e.Raw != nil && !json.Valid(e.Raw) {
				t.Errorf("raw frame %q is not JSON", e.Raw)
			}
			if !e.Time.Equal(noon) {
				t.Error("an event without a time")
			}
			if f := new(frame); f.parse(e.Raw) == nil {
				turn.observe(f, noon)
			}
		}
		end := ending{result: turn.result, limit: turn.limit, apiError: turn.apiError, now: noon}
		if end.outcome().Class == "" {
			t.Error("no outcome")
		}
	})
}

// FuzzShrink feeds JSON to a shrinker: short strings come out the same, long
// ones are cut, and it stays JSON of the same shape.
func FuzzShrink(f *testing.F) {
	f.Add([]byte(`{"a":"b\"c","d":["\u00e9\\", 1.5, null, "ééééééééé😀"]}`), 4)
	f.Add([]byte(`"\\\\\\\\\u1234"`), 3)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		if !json.Valid(text) || limit < 0 {
			return
		}
		s := newShrinker(limit)
		for i := range text {
			s.Write(text[i : i+1])
		}
		whole := newShrinker(limit)
		whole.Write(text)
		if !bytes.Equal(s.out, whole.out) {
			t.Errorf("in pieces %q, at once %q", s.out, whole.out)
		}
		if !json.Valid(s.out) {
			t.Errorf("%q became %q", text, s.out)
		}
		if limit >= len(text) && !bytes.Equal(s.out, text) {
			t.Errorf("%q became %q without need", text, s.out)
		}
		if utf8.Valid(text) && !utf8.Valid(s.out) {
			t.Errorf("%q became %q, which is cut inside a character", text, s.out)
		}
	})
}

// TestLongLines has lines around the size that is kept whole.
func TestLongLines(t *testing.T) {
	frame := func(size int) string {
		head, end := `{"type":"a long one","x":"`, `","y":"end"}`
		return head + strings.Repeat("z", size-len(head)-len(end)) + end
	}
	for _, size := range []int{maxLine - 1, maxLine, maxLine + 1, 3 * maxLine} {
		lines := newLineReader(strings.NewReader(frame(size) + "\n" + `{"type":"next"}` + "\n"))
		l, err := lines.next()
		if err != nil || !json.Valid(l.data) || !bytes.HasSuffix(l.data, []byte(`"y":"end"}`)) {
			t.Fatalf("%d bytes: %v, %.100q", size, err, l.data)
		}
		if wantCut := size >= maxLine; l.size != int64(size) || l.cut != wantCut || wantCut && len(l.data) > 2*longString {
			t.Errorf("%d bytes: size %d, cut %v, kept %d", size, l.size, l.cut, len(l.data))
		}
		if l, err := lines.next(); err != nil || string(l.data) != `{"type":"next"}` {
			t.Errorf("next line: %q, %v", l.data, err)
		}
	}
}

// TestManyStrings has a long line of many strings: later ones are cut shorter,
// so that the shape still fits.
func TestManyStrings(t *testing.T) {
	text := `{"type":"many","x":["` + strings.Repeat(strings.Repeat("z", 60<<10)+`","`, 1000) + `"]}`
	l, err := newLineReader(strings.NewReader(text)).next()
	if err != nil || !json.Valid(l.data) || len(l.data) > maxLine {
		t.Errorf("%v, %d bytes, valid %v", err, len(l.data), json.Valid(l.data))
	}
}

func TestCutText(t *testing.T) {
	for _, test := range []struct {
		s     string
		limit int
		want  string
	}{{"", 0, ""}, {"abc", 3, "abc"}, {"abc", 2, "ab"}, {"aé", 2, "a"}, {"😀", 3, ""}, {"\xff\xff", 1, "\xff"}} {
		if got := cutText(test.s, test.limit); got != test.want {
			t.Errorf("cutText(%q, %d) = %q, want %q", test.s, test.limit, got, test.want)
		}
	}
}

package fakemodel

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestChunksAreTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(-1, -1, 4000).Draw(t, "text")
		parts := chunks(text)
		if strings.Join(parts, "") != text || len(parts) > 25 {
			t.Fatalf("%d parts: %q", len(parts), parts)
		}
		for _, part := range parts {
			if !utf8.ValidString(part) {
				t.Fatalf("the part %q is cut within a letter", part)
			}
		}
	})
}

// FuzzAsk gives any request to a stage: it may refuse it, never break.
func FuzzAsk(f *testing.F) {
	for _, seed := range []string{
		`{"model":"m","max_tokens":9,"tools":[{"name":"A","cache_control":{}}],"system":"s","messages":[{"role":"user","content":"a"}]}`,
		`{"model":"m","max_tokens":9,"tools":[1],"system":[{"type":"text","text":"s"}],"messages":[
		 {"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{}}]},
		 {"role":"assistant","content":[{"type":"tool_use","id":"x","name":"A","input":{}}]},
		 {"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":[{"type":"text","text":"ok"}]},{"type":"text","text":"wrap up"}]}]}`,
		`{"model":"m","max_tokens":1,"messages":[null,{"role":"user","content":null}]}`,
		`{"model":"m","max_tokens":2,"tools":[null],"messages":[{"role":"user","content":[{"type":"tool_result","content":[[1]]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	s, err := Parse([]byte("[[session]]\nagain = true\n[[session.step]]\nwhen = \"a\"\ntool = [{ name = \"A\" }]\n" +
		"[[session.step]]\nelse = true\nsay = \"b\"\n[[session.step]]\nprompt = \"wrap\"\nsay = \"c\""))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a ask
		if json.Unmarshal(data, &a) != nil || a.fault() != "" {
			return
		}
		st := newStage(s)
		for range 3 {
			c := st.cue(a)
			if c.usage.input < 0 || c.usage.cacheRead < 0 || c.usage.cacheWrite < 0 {
				t.Errorf("usage %+v", c.usage)
			}
			if len(c.events(a.Model)) < 4 {
				t.Error("a stream without an end")
			}
		}
		st.unplayed()
	})
}

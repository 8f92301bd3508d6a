package hands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// talk runs a server and returns what writes to it, what it answers and what
// waits for its end.
func talk(t *testing.T) (in *io.PipeWriter, out *Lines, end func() error) {
	inRead, in := io.Pipe()
	outRead, outWrite := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Serve(context.Background(), inRead, outWrite)
		inRead.Close()
		outWrite.Close()
	}()
	return in, NewLines(outRead), func() error {
		in.Close()
		return <-done
	}
}

func answer(t *testing.T, out *Lines) Reply {
	t.Helper()
	line, err := out.Next()
	if err != nil {
		t.Fatal(err)
	}
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return r
}

func TestServe(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	in, out, end := talk(t)
	w := NewWriter(in)
	ask := func(r Request) {
		t.Helper()
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	ask(Request{Op: "call", ID: 1, Tool: "Glob"})
	if r := answer(t, out); r.ID != 1 || !r.IsError {
		t.Errorf("before the project is open: %+v", r)
	}
	ask(Request{Op: "open", Dir: filepath.Join(dir, "nowhere")})
	if r := answer(t, out); r.ID != 0 || !r.IsError {
		t.Errorf("a project that is not there: %+v", r)
	}
	ask(Request{Op: "open", Dir: dir})
	if r := answer(t, out); r.ID != 0 || r.IsError {
		t.Errorf("the project: %+v", r)
	}
	for _, garbage := range []string{"", "{", "\x00\xff", `{"op":5}`, `{"op":"fly"}`, "[[[[", `{"op":"cancel","id":99}`, "{}{}", strings.Repeat("[", 1000)} {
		if _, err := in.Write([]byte(garbage + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := in.Write(append(bytes.Repeat([]byte("x"), MaxLine+10), '\n')); err != nil {
		t.Fatal(err)
	}
	ask(Request{Op: "call", ID: 7, Tool: "Bash", Input: json.RawMessage(`{"command":"echo hi; sleep 600 & echo $! > pid"}`)})
	if r := answer(t, out); r.ID != 7 || r.Text != "hi\n" {
		t.Errorf("after garbage: %+v", r)
	}
	ask(Request{Op: "call", ID: 8, Tool: "Bash", Input: json.RawMessage(`{"command":"sleep 600"}`)})
	ask(Request{Op: "cancel", ID: 8})
	if r := answer(t, out); r.ID != 8 || !r.IsError {
		t.Errorf("a cancelled call: %+v", r)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	for pid := waitFor(filepath.Join(dir, "pid")); runs(pid); pid = waitFor(filepath.Join(dir, "pid")) {
	}
}

func TestServeEndsWhatRuns(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	in, out, end := talk(t)
	w := NewWriter(in)
	_ = w.Write(Request{Op: "open", Dir: dir})
	answer(t, out)
	_ = w.Write(Request{Op: "call", ID: 1, Tool: "Bash", Input: json.RawMessage(`{"command":"echo $$ > pid; sleep 600"}`)})
	for waitFor(filepath.Join(dir, "pid")) == 0 {
	}
	go func() { _, _ = out.Next() }() // the answer of what was ended
	if err := end(); err != nil {
		t.Error(err)
	}
	for pid := waitFor(filepath.Join(dir, "pid")); runs(pid); pid = waitFor(filepath.Join(dir, "pid")) {
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine+1)
	for _, test := range []struct {
		in   string
		want []string // "!" is a line that is too long
	}{
		{"", nil},
		{"a\nb\n", []string{"a", "b"}},
		{"a\n\nb", []string{"a", "", "b"}},
		{long + "\nb\n", []string{"!", "b"}},
		{"a\n" + long, []string{"a", "!"}},
		{strings.Repeat("y", MaxLine) + "\nb\n", []string{strings.Repeat("y", MaxLine), "b"}},
	} {
		lines := NewLines(strings.NewReader(test.in))
		for i, want := range test.want {
			got, err := lines.Next()
			if want == "!" && errors.Is(err, ErrLongLine) {
				continue
			}
			if err != nil || string(got) != want {
				t.Errorf("line %d of %.20q is %.20q, %v", i, test.in, got, err)
			}
		}
		if got, err := lines.Next(); err != io.EOF {
			t.Errorf("%.20q ends with %.20q, %v", test.in, got, err)
		}
	}
}

func FuzzLines(f *testing.F) {
	for _, seed := range []string{"", "\n", "{\"op\":\"open\"}\n", "a\r\nb", "\x00\xff\n{", "{}{}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var back []byte
		count := 0
		for lines := NewLines(bytes.NewReader(data)); ; count++ {
			line, err := lines.Next()
			if err != nil {
				break
			}
			back = append(append(back, line...), '\n')
			var request Request
			var reply Reply
			_, _ = json.Unmarshal(line, &request), json.Unmarshal(line, &reply)
		}
		want := data
		if len(data) > 0 && data[len(data)-1] != '\n' {
			want = append(bytes.Clone(data), '\n')
		}
		if !bytes.Equal(back, want) {
			t.Errorf("%q came back as %q", data, back)
		}
	})
}

func FuzzInput(f *testing.F) {
	for _, tool := range Tools() {
		f.Add(tool.Name, []byte(`{"command":1,"file_path":"x","pattern":"{a,b}/**","content":null,"old_string":"","new_string":"y"}`))
		f.Add(tool.Name, []byte(`{"file_path":"../x","path":"//","glob":"[","pattern":"("}`))
		f.Add(tool.Name, []byte(`[`))
	}
	top := f.TempDir()
	for _, dir := range []string{"project", "tmp"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	f.Setenv("TMPDIR", filepath.Join(top, "tmp"))
	w, err := openWorkspace(filepath.Join(top, "project"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(w.close)
	f.Fuzz(func(t *testing.T, tool string, input []byte) {
		if tool == "Bash" {
			return // no fuzzer gets a shell
		}
		if r := run(t.Context(), w, tool, input); !utf8.ValidString(r.Text) || strings.Contains(r.Text, "failed inside") {
			t.Errorf("%s %q: %q", tool, input, r.Text)
		}
	})
}

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*.go", "a.go", true},
		{"*.go", "b/a.go", false},
		{"**/*.go", "a.go", true},
		{"**/*.go", "b/c/a.go", true},
		{"**", "a/b", true},
		{"a/**", "a/b/c", true},
		{"a/**", "b/a", false},
		{"a/**/z", "a/z", true},
		{"a/**/m/**/z", "a/1/m/2/3/z", true},
		{"a/**/m/**/z", "a/1/2/3/z", false},
		{"{a,b}.{go,ts}", "b.go", true},
		{"{a,{b,c}}.go", "c.go", true},
		{"{a}.go", "{a}.go", true},
		{"./a.go", "a.go", true},
		{"[ab].go", "b.go", true},
		{"a?c", "abc", true},
	} {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match(test.name); got != test.want {
			t.Errorf("%s matches %s: %v", test.pattern, test.name, got)
		}
	}
	if _, err := parsePattern(strings.Repeat("{a,b}", 20)); err == nil {
		t.Error("a pattern of a million alternatives is taken")
	}
}

// TestPatternAgreesWithItsMeaning compares matching to its definition: ** is
// nothing, or one part and ** again.
func TestPatternAgreesWithItsMeaning(t *testing.T) {
	var means func(pattern, parts []string) bool
	means = func(pattern, parts []string) bool {
		switch {
		case len(pattern) == 0:
			return len(parts) == 0
		case pattern[0] == "**":
			return means(pattern[1:], parts) || len(parts) > 0 && means(pattern, parts[1:])
		}
		return len(parts) > 0 && pattern[0] == parts[0] && means(pattern[1:], parts[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SliceOfN(rapid.SampledFrom([]string{"**", "a", "b"}), 1, 7).Draw(t, "pattern")
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 1, 8).Draw(t, "parts")
		p, err := parsePattern(strings.Join(pattern, "/"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.match(strings.Join(parts, "/")), means(pattern, parts); got != want {
			t.Fatalf("%v matches %v: %v", pattern, parts, got)
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"**/*.go", "{a,b{c,d}}", "[", "{", "}", ",", "\\{a,b\\}", "a//b/../c", "**/**/**"} {
		f.Add(seed, "a/b/c.go")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if p, err := parsePattern(pattern); err == nil {
			p.match(name)
		}
	})
}

func TestCutKeepsBothEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		limit := rapid.IntRange(1, 50).Draw(t, "limit")
		got := Cut(text, limit)
		if utf8.RuneCountInString(text) <= limit {
			if got != text {
				t.Fatalf("a short text became %q", got)
			}
			return
		}
		if !strings.HasPrefix(got, first(text, limit/2)) || !strings.HasSuffix(got, last(text, limit-limit/2)) {
			t.Fatalf("it became %q", got)
		}
	})
}

func TestCollectorKnowsAllOfAShortOutput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c collector
		var all []byte
		for _, part := range rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange('a', 'z'), 0, 200), 0, 50).Draw(t, "parts") {
			_, _ = c.Write(part)
			all = append(all, part...)
		}
		if r := c.result(); r.Text != string(all) || r.Bytes != int64(len(all)) {
			t.Fatalf("%d bytes became %+v", len(all), r)
		}
	})
}

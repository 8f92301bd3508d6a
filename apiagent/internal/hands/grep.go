package hands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// grepMost is how many lines of an answer are shown.
const grepMost = 500

func grepTool() Tool {
	return Tool{
		Name:  "Grep",
		About: "Searches the lines of files for a regular expression (Go syntax, as RE2). .git and files that are not text are left out.",
		Params: []Param{
			{Name: "pattern", Type: "string", About: "the regular expression", Required: true},
			{Name: "path", Type: "string", About: "the file or directory to search: the project unless given"},
			{Name: "glob", Type: "string", About: "search only files that match it, such as *.go or src/**/*.ts"},
			{Name: "output_mode", Type: "string", About: "content shows the lines, files_with_matches (the default) the files, count how many lines per file",
				Enum: []string{"content", "files_with_matches", "count"}},
			{Name: "ignore_case", Type: "boolean", About: "upper and lower case are the same"},
		},
		ReadOnly: true,
		run:      runGrep,
	}
}

type grepInput struct {
	Pattern    string `json:"pattern"`
	Path       string `json:"path"`
	Glob       string `json:"glob"`
	Mode       string `json:"output_mode"`
	IgnoreCase bool   `json:"ignore_case"`
}

// search is one Grep under way.
type search struct {
	mode    string
	line    *regexp.Regexp
	files   pattern // nil is every file
	base    bool    // files is about names, not paths
	out     []string
	left    int // lines of the answer that did not fit
	skipped int // files that were too large
}

func runGrep(ctx context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in grepInput
	if err := parse(grepTool(), input, &in); err != nil {
		return Result{}, err
	}
	s, err := newSearch(in)
	if err != nil {
		return Result{}, err
	}
	top, err := w.resolve(in.Path)
	if err != nil {
		return Result{}, err
	}
	err = top.walk(ctx, func(name, rel string, d fs.DirEntry) error {
		if s.wants(rel) && d.Type().IsRegular() {
			s.file(place{top.root, name, name})
		}
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	return textResult(s.answer()), nil
}

func newSearch(in grepInput) (*search, error) {
	s := &search{mode: in.Mode}
	switch s.mode {
	case "":
		s.mode = "files_with_matches"
	case "content", "files_with_matches", "count":
	default:
		return nil, fmt.Errorf("output_mode must be content, files_with_matches or count, not %q", in.Mode)
	}
	text := in.Pattern
	if in.IgnoreCase {
		text = "(?i)" + text
	}
	var err error
	if s.line, err = regexp.Compile(text); err != nil {
		return nil, fmt.Errorf("the regular expression is not valid: %v (put a backslash before signs that stand for themselves)", err)
	}
	if in.Glob != "" {
		s.base = !strings.Contains(in.Glob, "/")
		if s.files, err = parsePattern(in.Glob); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *search) wants(rel string) bool {
	if s.base {
		rel = path.Base(rel)
	}
	return s.files == nil || s.files.match(rel)
}

// file searches one file. What cannot be read is passed over.
func (s *search) file(p place) {
	f, info, err := p.open()
	if err != nil {
		if info == nil {
			s.skipped++
		}
		return
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil || isBinary(data) {
		return
	}
	count := 0
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if !s.line.MatchString(line) {
			continue
		}
		count++
		if s.mode == "content" {
			s.add(fmt.Sprintf("%s:%d:%s", p.name, number, first(line, 500)))
		}
		if s.mode == "files_with_matches" {
			s.add(p.name)
			return
		}
	}
	if s.mode == "count" && count > 0 {
		s.add(fmt.Sprintf("%s:%d", p.name, count))
	}
}

func (s *search) add(line string) {
	if len(s.out) >= grepMost {
		s.left++
		return
	}
	s.out = append(s.out, line)
}

// answer is what the model reads.
func (s *search) answer() string {
	text := "Nothing matches."
	if len(s.out) > 0 {
		text = strings.Join(s.out, "\n") + "\n"
	}
	if s.left > 0 {
		text += fmt.Sprintf("\n[%d more are left out; search for less]\n", s.left)
	}
	if s.skipped > 0 {
		text += fmt.Sprintf("\n[%d files could not be read or are larger than %d bytes; search those with grep in Bash]\n", s.skipped, maxFile)
	}
	return text
}

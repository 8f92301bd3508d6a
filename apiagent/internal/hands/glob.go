package hands

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

const (
	globMost  = 500     // paths that are shown
	walkMost  = 300_000 // entries that are looked at
	gitFolder = ".git"
)

func globTool() Tool {
	return Tool{
		Name:  "Glob",
		About: "Lists the files that match a pattern, the newest first. ** stands for any number of directories, {a,b} for either. .git is left out.",
		Params: []Param{
			{Name: "pattern", Type: "string", About: "such as **/*.go or src/{a,b}/*.ts", Required: true},
			{Name: "path", Type: "string", About: "the directory to look in: the project unless given"},
		},
		ReadOnly: true,
		run:      runGlob,
	}
}

type globInput struct {
	Pattern string `json:"pattern"`
	Path    string `json:"path"`
}

func runGlob(ctx context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in globInput
	if err := parse(globTool(), input, &in); err != nil {
		return Result{}, err
	}
	wanted, err := parsePattern(in.Pattern)
	if err != nil {
		return Result{}, err
	}
	top, err := w.resolve(in.Path)
	if err != nil {
		return Result{}, err
	}
	type found struct {
		name string
		when time.Time
	}
	var all []found
	err = top.walk(ctx, func(name, rel string, d fs.DirEntry) error {
		if !wanted.match(rel) {
			return nil
		}
		if info, err := d.Info(); err == nil {
			all = append(all, found{name, info.ModTime()})
		}
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	if len(all) == 0 {
		return textResult("No file matches."), nil
	}
	slices.SortFunc(all, func(a, b found) int {
		if c := b.when.Compare(a.when); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	var b strings.Builder
	for _, f := range all[:min(len(all), globMost)] {
		b.WriteString(f.name + "\n")
	}
	if len(all) > globMost {
		fmt.Fprintf(&b, "\n[%d of %d; use a narrower pattern for the rest]\n", globMost, len(all))
	}
	return textResult(b.String()), nil
}

// walk visits the files below a directory, or the one file that p names. name
// is the path from the root, rel the one from p. Links are not followed.
func (p place) walk(ctx context.Context, visit func(name, rel string, d fs.DirEntry) error) error {
	seen := 0
	err := fs.WalkDir(p.root.FS(), p.name, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if seen++; seen > walkMost {
			return fmt.Errorf("there are more than %d files below %s: give a path further down", walkMost, p.path)
		}
		switch {
		case err != nil && name == p.name:
			return p.explain("read", err)
		case err != nil:
			return nil // one directory that cannot be read hides no other
		case d.IsDir() && path.Base(name) == gitFolder:
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		rel := name
		if p.name != "." {
			rel = strings.TrimPrefix(strings.TrimPrefix(name, p.name), "/")
		}
		if rel == "" {
			rel = path.Base(name)
		}
		return visit(name, rel, d)
	})
	return err
}

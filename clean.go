package autosession

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hold says whether the proof of an entry is of the check, of the tree and of
// the commit as they are now. Where no check is left it only has to be of the
// tree.
func (c Checks) hold(e LedgerEntry, tree, commit string) bool {
	command, _ := c.of(e.Feature)
	same := command == "" || e.Proof.Command == command
	return same && e.Proof.Tree == tree && (!c.Clean || e.Proof.Commit == commit)
}

// cleanly is a script that runs a command in a clean checkout of what is
// committed, with a HOME of its own: nothing that is uncommitted, ignored or
// left outside the project can hold a check up. What the patterns protect is
// taken from a directory: it may be the agent's own in what is committed.
func (c Checks) cleanly(command string, patterns []string, protected string) string {
	var globs []string
	for _, pattern := range patterns {
		globs = append(globs, shellGlob(pattern))
	}
	script := `set -e
clean=$(mktemp -d)
mkdir "$clean/home"
export HOME="$clean/home" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git -c core.hooksPath=/dev/null clone -q --no-hardlinks --template= "$PWD" "$clean/project"
cd "$clean/project"
(shopt -s dotglob nullglob; GLOBIGNORE=.git; rm -rf -- ` + strings.Join(globs, " ") + `)
cp -R -P -p ` + quote(protected) + `/. .
`
	if c.Setup != "" {
		script += "bash --noprofile --norc -c " + quote(c.Setup) + "\n"
	}
	return script + "set +e\nexec bash --noprofile --norc -c " + quote(command)
}

// shellGlob makes a pattern, as path.Match knows them, one that a shell takes
// for the same files.
func shellGlob(pattern string) string {
	var b strings.Builder
	for _, r := range pattern {
		switch {
		case r == '\n':
			b.WriteByte('?') // a shell would drop an escaped one
			continue
		case r > 0x7f, 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(`*?[]^-/._\`, r):
		default:
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// scratchDir holds, in the state directory, copies that are checked.
const scratchDir = "scratch"

// export copies files of a checkpoint to a directory outside the project, until
// remove is called. What stays all the same is removed by the next start.
func (p *project) export(ctx context.Context, checkpoint string, keep func(path string) bool) (dir string, remove func(), err error) {
	exporter, ok := p.cfg.Repo.(Exporter)
	if !ok {
		return "", nil, errors.New("cannot copy a checkpoint: this repository does not")
	}
	dir = filepath.Join(p.cfg.State, scratchDir, newID())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("cannot make a scratch directory: %w", err)
	}
	if err := exporter.Export(ctx, checkpoint, dir, keep); err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

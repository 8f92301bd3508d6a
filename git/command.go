package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// git runs the git binary on one of our own git directories. It never sees
// the project's configuration: what that names can't run.
type git struct {
	path string   // of the binary
	dir  string   // GIT_DIR, and where the process stands
	env  []string // besides the fixed one
	step func()   // called before each step that changes what is durable; nil is nothing
}

// next says that a step comes.
func (g git) next() {
	if g.step != nil {
		g.step()
	}
}

// config goes before every command. Our own repository says much of it too;
// said here it holds even for a repository that somebody changed.
var config = []string{
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"core.attributesFile=/dev/null",
	"core.excludesFile=/dev/null",
	"core.commitGraph=false",
	"core.fsync=all",
	"core.autocrlf=false",
	"gc.auto=0",
	"maintenance.auto=false",
	"protocol.allow=never",
	"safe.directory=*",
	"log.showSignature=false",
}

func (g git) environment() []string {
	env := []string{
		"PATH=" + filepath.Dir(g.path) + ":/usr/bin:/bin",
		"HOME=/nonexistent",
		"LC_ALL=C",
		"GIT_DIR=" + g.dir,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=none",
		"GIT_PAGER=cat",
	}
	return append(env, g.env...)
}

// run runs git with args, feeds it in and copies what it prints to out. The
// error holds the end of what git complained about.
func (g git) run(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	full := []string{"--no-pager"}
	for _, c := range config {
		full = append(full, "-c", c)
	}
	cmd := exec.CommandContext(ctx, g.path, append(full, args...)...)
	cmd.Dir, cmd.Env = g.dir, g.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	g.next()
	complaint := &tail{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("cannot run git %s: %w%s", args[0], err, complaint)
	}
	return nil
}

// output runs git with args and returns what it printed.
func (g git) output(ctx context.Context, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := g.run(ctx, nil, &out, args...)
	return out.Bytes(), err
}

// tail keeps the last bytes of what is written to it.
type tail struct{ kept []byte }

// tailSize is how much of git's complaint an error carries.
const tailSize = 1024

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	if text := strings.TrimSpace(string(t.kept)); text != "" {
		return ": " + text
	}
	return ""
}

// oldest is the first version of git that has all that is needed here.
var oldest = [2]int{2, 39}

// find returns the git binary: the first of PATH that is not inside the
// project.
func find(ctx context.Context, project string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH") + ":/usr/local/bin:/usr/bin:/bin") {
		if !filepath.IsAbs(dir) {
			continue
		}
		path, err := exec.LookPath(filepath.Join(dir, "git"))
		if err != nil {
			continue
		}
		place, placeErr := filepath.EvalSymlinks(dir)
		real, err := filepath.EvalSymlinks(path)
		if err != nil || placeErr != nil || inside(project, place) || inside(project, real) {
			continue
		}
		return path, recent(ctx, path)
	}
	return "", fmt.Errorf("cannot find git in PATH: install git %d.%d or newer", oldest[0], oldest[1])
}

func recent(ctx context.Context, path string) error {
	out, err := git{path: path, dir: "/"}.output(ctx, "version")
	if err != nil {
		return err
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "git version %d.%d", &major, &minor); err != nil {
		return fmt.Errorf("cannot read the version of %s: it says %q", path, out)
	}
	if major < oldest[0] || major == oldest[0] && minor < oldest[1] {
		return fmt.Errorf("cannot use %s: it is version %d.%d, older than %d.%d", path, major, minor, oldest[0], oldest[1])
	}
	return nil
}

// inside says whether path is dir or lies below it. Both are absolute.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

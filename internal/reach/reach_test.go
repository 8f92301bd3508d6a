package reach

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ordinary is a user to whom modes mean something; root passes them all.
const ordinary = 65534

// asOrdinary runs this test again as an ordinary user where it is root's, and
// says whether it did.
func asOrdinary(t *testing.T) bool {
	if os.Getuid() != 0 {
		return false
	}
	binary := filepath.Join(t.TempDir(), "test")
	data, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(binary, data, 0o755)
	}
	if err == nil {
		err = openUp(filepath.Dir(binary))
	}
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("/tmp", "reach-")
	if err == nil {
		err = os.Chmod(home, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	cmd := exec.Command(binary, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = home, append(os.Environ(), "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinary, Gid: ordinary}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("as an ordinary user: %v\n%s", err, out)
	}
	return true
}

// openUp lets everybody enter a directory and those above it.
func openUp(dir string) error {
	for ; dir != "/" && dir != "/tmp"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.Mode().Perm()&0o005 != 0o005 {
			err = os.Chmod(dir, info.Mode().Perm()|0o055)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestRemoveAll(t *testing.T) {
	if asOrdinary(t) {
		return
	}
	root := openRoot(t, t.TempDir())
	deep := strings.Repeat("a-directory-with-quite-a-long-name/", 150) // longer than a path may be
	if err := mkdirs(root, "top/"+deep); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"top/a-directory-with-quite-a-long-name", "top"} {
		if err := root.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.RemoveAll("top"); err == nil {
		t.Fatal("the modes keep nobody out: this shows nothing")
	}
	if err := (Root{root}).RemoveAll("top"); err != nil {
		t.Error(err)
	}
	if err := (Root{root}).RemoveAll("top"); err != nil {
		t.Errorf("what is gone already: %v", err)
	}
}

// mkdirs makes directories below each other, each from within its parent.
func mkdirs(root *os.Root, name string) error {
	first, rest, _ := strings.Cut(name, "/")
	if first == "" {
		return nil
	}
	if err := root.Mkdir(first, 0o755); err != nil {
		return err
	}
	next, err := root.OpenRoot(first)
	if err != nil {
		return err
	}
	defer next.Close()
	return mkdirs(next, rest)
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func TestDir(t *testing.T) {
	if asOrdinary(t) {
		return
	}
	dir := filepath.Join(t.TempDir(), "project")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Mkdir(dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := Dir(link); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(dir); err != nil || info.Mode().Perm() != 0 {
		t.Errorf("a link was followed: %v, %v", info.Mode(), err)
	}
	for _, name := range []string{dir, dir + "-missing"} {
		if err := Dir(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.ReadDir(dir); err != nil {
		t.Error(err)
	}
}

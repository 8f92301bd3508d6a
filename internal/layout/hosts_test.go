package layout

import (
	"io/fs"
	"strings"
	"testing"
)

// Which registry a machine takes packages from is its own setting. A name in
// the tree would send people, agents and tests past it. The names are put
// together here, so that this file passes, too.
func TestHostsOfRegistriesAreNotNamed(t *testing.T) {
	hosts := []string{
		"registry." + "npmjs", "registry." + "yarnpkg", "npm" + "js.com",
		"py" + "pi.org", "python" + "hosted.org", "crates" + ".io",
		"ruby" + "gems.org", "proxy." + "golang", "sum." + "golang",
	}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (base == ".git" || base == ".tools" || base == "bin" || base == "node_modules"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		text := read(t, name)
		for _, host := range hosts {
			if strings.Contains(text, host) {
				t.Errorf("%s names %s", name, host)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

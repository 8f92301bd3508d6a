package autosession_test

import (
	"os"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestCleanChecks has an agent hold up a check with what is not committed, in
// every way we could think of, then with what is.
func TestCleanChecks(t *testing.T) {
	const hook = "mkdir -p $HOME/t/hooks && printf '#!/bin/sh\\necho goodbye > bye\\n' > $HOME/t/hooks/post-checkout && chmod +x $HOME/t/hooks/post-checkout && "
	for name, tt := range map[string]struct {
		does, setup string
		proven      bool
	}{
		"uncommitted":                         {does: "echo goodbye > bye"},
		"staged":                              {does: "echo goodbye > bye; git add bye"},
		"ignored":                             {does: "echo bye >> .gitignore; git add -A; git commit -qm ignore; echo goodbye > bye"},
		"stashed":                             {does: "echo goodbye > bye; git add bye; git stash -q"},
		"on another branch":                   {does: "git checkout -qb side; echo goodbye > bye; git add -A; git commit -qm side; git checkout -q -"},
		"by a hook of the repository":         {does: "printf '#!/bin/sh\\necho goodbye > bye\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout"},
		"by a template":                       {does: hook + "git config --global init.templateDir $HOME/t"},
		"by a path of hooks":                  {does: hook + "git config --global core.hooksPath $HOME/t/hooks"},
		"by a filter":                         {does: "git config --global filter.f.smudge 'echo goodbye; true'; echo 'bye filter=f' > .gitattributes; echo no > bye; git add -A; git commit -qm filter; rm bye"},
		"by what lies in HOME":                {does: "echo goodbye > $HOME/bye; ln -s $HOME/bye bye"},
		"by a protected test that it commits": {does: "echo true > tests/bye.sh; git add -A; git commit -qm easy"},
		"by a protected file that it adds":    {does: "echo easy > tests/easy; git add -A; git commit -qm easy"},
		"committed":                           {does: "echo goodbye > bye; git add -A; git commit -qm bye", proven: true},
		"committed, and gone from the tree":   {does: "echo goodbye > bye; git add -A; git commit -qm bye; rm bye", proven: true},
		"made by the setup":                   {does: "true", setup: "echo goodbye > bye", proven: true},
		"a setup that fails":                  {does: "echo goodbye > bye; git add -A; git commit -qm bye", setup: "exit 3"},
		"where the setup goes":                {does: "echo goodbye > bye; git add -A; git commit -qm bye", setup: "cd /", proven: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
				if t.Task.Kind == autosession.Init {
					t.Write(autosession.ListFile, strings.Replace(twoFeatures, "grep -q goodbye bye", "sh tests/bye.sh", 1))
					t.Bash("git init -q && git add -A && git commit -qm 'list the features'")
					return done
				}
				t.Bash(tt.does)
				claim(t, "F2")
				return done
			})
			if err := os.Mkdir(b.path("tests"), 0o755); err != nil {
				t.Fatal(err)
			}
			b.write("tests/bye.sh", "test -e tests/easy || grep -q goodbye bye\n")
			b.cfg.Protect = []string{"te[s]ts"}
			b.cfg.RunMax.Sessions = 1
			b.cfg.Checks.Clean = true
			b.stops("limit-iterations")
			b.cfg.Checks.Setup = tt.setup
			b.stops("limit-iterations")
			if got := states(b.snapshot().Ledger) == "open proven"; got != tt.proven {
				t.Errorf("proven %v, want %v\n%s", got, tt.proven, b.story())
			}
		})
	}
}

// TestCleanProofIsOfACommit takes away the commit that a proof was made on, and
// leaves the tree as it is.
func TestCleanProofIsOfACommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Bash("echo goodbye > bye; git add -A; git commit -qm bye")
			claim(t, "F2")
		case 3:
			t.Bash("git reset -q --soft HEAD~1")
		}
		return done
	})
	b.cfg.RunMax.Sessions = 3
	b.cfg.Checks.Clean = true
	b.stops("limit-iterations")
	e := b.snapshot().Ledger.Entries[1]
	if !e.Broken || e.BrokenBy != 3 || !strings.Contains(b.story(), "broken F2 by session 3") {
		t.Errorf("what is not committed any more is %+v\n%s", e, b.story())
	}
}

package config

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const docsPath = "../docs/configuration.md"

func TestDocs(t *testing.T) {
	want := Markdown()
	if *update {
		if err := os.WriteFile(docsPath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("docs/configuration.md is not what the table says; make it anew: go test ./config -run TestDocs -update")
	}
}

func TestDocsNameEverySetting(t *testing.T) {
	text := string(Markdown())
	for _, s := range Settings() {
		for _, want := range []string{"### `" + s.Name + "`", "`--" + s.Flag() + "`", "`" + s.Env() + "`", s.Help} {
			if strings.Count(text, want) != 1 {
				t.Errorf("%q stands %d times in the documentation, not once", want, strings.Count(text, want))
			}
		}
	}
}

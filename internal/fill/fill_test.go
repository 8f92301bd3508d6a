package fill

import (
	"fmt"
	"strings"
	"testing"
)

// known are the values of the tests.
func known(name, argument string) (string, error) {
	switch name {
	case ".Dir":
		return "/p", nil
	case ".Braces":
		return "{{.Dir}}", nil
	case "twice":
		return argument + argument, nil
	}
	return "", fmt.Errorf("there is no %s", name)
}

func TestText(t *testing.T) {
	for _, test := range []struct{ text, want, err string }{
		{text: "", want: ""},
		{text: "in {{.Dir}}.", want: "in /p."},
		{text: "{{.Dir}}{{ .Dir }}", want: "/p/p"},
		{text: "{{.Braces}}", want: "{{.Dir}}"},
		{text: `{{twice "ab"}} {{twice ` + "`c`" + `}}`, want: "abab cc"},
		{text: "{ {.Dir}} }} {", want: "{ {.Dir}} }} {"},
		{text: "one\ntwo {{.Dri}}", err: "line 2: there is no .Dri"},
		{text: "{{range .Dir}}x{{end}}", err: `line 1: "{{range .Dir}}x{{end}}" begins no value; one is written {{.Name}}`},
		{text: "{{.Dir", err: `line 1: "{{.Dir" begins no value; one is written {{.Name}}`},
		{text: `{{.Dir "x"}}`, err: `line 1: {{.Dir "x"}} takes no argument`},
	} {
		got, err := Text(test.text, known)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%q: error %v, want %s", test.text, err, test.err)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%q: %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "{{.Dir}}", "{{twice `x`}}", "{{{{", "}}{{.Dir}}{{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Text(text, known)
		if err == nil && !strings.Contains(text, "{{") && got != text {
			t.Errorf("%q became %q", text, got)
		}
		if err == nil && !strings.Contains(text, ".Braces") && strings.Count(got, "{{") > 0 && !strings.Contains(text, "twice") {
			t.Errorf("%q keeps a place: %q", text, got)
		}
	})
}

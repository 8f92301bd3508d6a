package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

const value = `pass"word/<7>&\ of ours`

// Written in parts, so that nobody who looks for keys finds one here.
var secrets = []string{
	"sk-" + "ant-api03-NOBODY-MAY-SEE-THIS-KEY",
	"sk-" + "proj-Abcdefghijklmnopqrst0123",
	"ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
	"github_pat_" + "11ABCDEFG0123456789_abcdefghijkl",
	"glpat-" + "abcdefghij0123456789",
	"xoxb-" + "1234567890-abcdef",
	"AKIA" + "IOSFODNN7EXAMPLE",
	"eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9",
	"-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc/+=\n-----END RSA PRIVATE KEY-----",
	"-----BEGIN " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA",
	value,
}

func TestSecrets(t *testing.T) {
	r := New(value)
	for _, s := range secrets {
		want := "a " + Mark
		if got := r.Text("a " + s); got != want {
			t.Errorf("%q becomes %q", s, got)
		}
		if got := r.Text("KEY=" + s + "\nnext"); strings.HasSuffix(s, "A") == strings.HasSuffix(got, "\nnext") || strings.Contains(got, s) {
			t.Errorf("%q becomes %q", s, got)
		}
	}
	for text, want := range map[string]string{
		"Authorization: Bearer abcdefghijklmnop.q~+/=": "Authorization: Bearer " + Mark,
		"authorization: bearer abcdefghijklmnop, x":    "authorization: bearer " + Mark + ", x",
		"x=pass%22word%2F%3C7%3E%26%5C+of+ours&y":      "x=" + Mark + "&y",
		`{\nsk-` + `abcdefghijklmnopqrst01}`:           `{\n` + Mark + `}`,
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestPlainText(t *testing.T) {
	r := New(value, "short", "", "  redacted  ")
	for _, s := range []string{
		"", "short", strings.Repeat("eyJ", 1<<18), strings.Repeat("sk-", 1<<18), "PRIVATE KEY" + strings.Repeat("-----BEGIN ", 1<<16), "a risk-assessment-of-2024-and-later", "class=\"sk-fading-circle-of-dots\"", "sk-learn", "npm_config_registry=x",
		"Bearer token", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----", "eyJust.a.b", "AKIA", "PRIVATE KEY", Mark,
	} {
		if got := r.Text(s); got != s {
			t.Errorf("%.200q becomes %.200q", s, got)
		}
	}
}

func TestRaw(t *testing.T) {
	r := New(value)
	escape := strings.NewReplacer("-", `\u002d`, "_", `\u005F`, "A", `\u0041`)
	for _, s := range secrets {
		plain, err := json.Marshal(map[string]any{"a": []any{1.5, "x " + s, map[string]any{"command": "echo " + s}}, "b": nil})
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{string(plain), escape.Replace(string(plain))} {
			got := string(r.Raw(json.RawMessage(raw)))
			if want := `{"a":[1.5,"x ` + Mark + `",{"command":"echo ` + Mark + `"}],"b":null}`; got != want {
				t.Errorf("%s\nbecomes\n%s", raw, got)
			}
		}
	}
	for _, raw := range []string{`{"a":"b\n"}`, ` [1, "\u0041"] `, `"`, `{"a":`, "", "null"} {
		if got := string(r.Raw(json.RawMessage(raw))); got != raw {
			t.Errorf("%s becomes %s", raw, got)
		}
	}
	if got := string(r.Raw(json.RawMessage(`{"cut": "` + secrets[0]))); got != `{"cut": "`+Mark {
		t.Errorf("what is no JSON becomes %s", got)
	}
}

// FuzzText hides a secret in a text. It never shows, and a second time changes
// nothing of a value.
func FuzzText(f *testing.F) {
	for i, s := range secrets {
		f.Add("before "+s, " after", uint8(i))
	}
	f.Add("-----BEGIN ", "-----END PRIVATE KEY-----BEGIN ", uint8(8))
	f.Add("bearer bearer ", "sk-ant-", uint8(0))
	r := New(value)
	f.Fuzz(func(t *testing.T, before, after string, n uint8) {
		s := secrets[int(n)%len(secrets)]
		if got := r.Text(before + " " + s + " " + after); strings.Contains(got, s) && !strings.Contains(before+after, s) {
			t.Fatalf("%q holds %q", got, s)
		}
		if got := r.Text(before + value + after); strings.Contains(got, value) {
			t.Fatalf("%q holds the value", got)
		}
	})
}

// FuzzRaw sees that JSON stays JSON of the same form.
func FuzzRaw(f *testing.F) {
	r := New(value)
	for _, s := range secrets {
		data, err := json.Marshal(map[string]string{"a": s})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"a\"":["\\",{"\u0041":1e9}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := r.Raw(raw)
		if json.Valid(raw) != json.Valid(got) && json.Valid(raw) {
			t.Fatalf("%q becomes %q", raw, got)
		}
		if !json.Valid(raw) {
			return
		}
		was, is := json.NewDecoder(bytes.NewReader(raw)), json.NewDecoder(bytes.NewReader(got))
		for {
			want, err := was.Token()
			have, err2 := is.Token()
			if errors.Is(err, io.EOF) && errors.Is(err2, io.EOF) {
				return
			}
			if err != nil && err.Error() != err2.Error() || err == nil && err2 != nil {
				t.Fatalf("%q: %v, %v", raw, err, err2)
			}
			if err != nil {
				return // a number that is too large
			}
			if text, ok := want.(string); ok {
				want = r.Text(text)
			}
			if have != want {
				t.Fatalf("%q becomes %q", raw, got)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	r := New(value, "another-secret-value", "a-third-one-abcdef")
	text := strings.Repeat("func main() { fmt.Println(\"a line of plain code\") }\n", 200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Text(text)
	}
}

func BenchmarkRaw(b *testing.B) {
	r := New(value, "another-secret-value", "a-third-one-abcdef")
	raw, err := json.Marshal(map[string]string{"text": strings.Repeat("func main() { fmt.Println(\"a line of plain code\") }\n", 200)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		r.Raw(raw)
	}
}

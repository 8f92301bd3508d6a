package autosession

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseFeatureList(t *testing.T) {
	const good = `[
  {"id": "F1", "category": "functional", "description": "adds", "steps": ["run it"], "verify": "a && b > c", "passes": false, "note": {"b": 1, "a": [1.50, 2]}},
  {"description": "subtracts", "priority": "high", "passes": true, "depends_on": ["F1", 2]},
  {"id": 3, "description": "three", "priority": 7}
]`
	list, err := ParseFeatureList([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Features) != 3 || list.Key(0) != "F1" || list.Key(1) != "#2" || list.Key(2) != "3" {
		t.Errorf("keys: %q %q %q", list.Key(0), list.Key(1), list.Key(2))
	}
	if f := list.Features[1]; f.Priority != 2 || !f.Passes || strings.Join(f.DependsOn, " ") != "F1 2" {
		t.Errorf("second feature: %+v", f)
	}
	out, err := list.Format()
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"a && b > c"`, `"note": {`, `"b": 1,`, `1.50`, `"priority": "high"`} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("%s is lost in\n%s", kept, out)
		}
	}
	again, err := ParseFeatureList(out)
	if err != nil || !again.same(list) {
		t.Errorf("it is not the same after writing: %v\n%s", err, out)
	}
}

func TestParseFeatureListInAnObject(t *testing.T) {
	list, err := ParseFeatureList([]byte(`{"project": "x", "features": [{"description": "a"}], "version": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	list.Features[0].Passes = true
	out, err := list.Format()
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"project": "x", "features": [{"description": "a", "passes": true}], "version": 2}`), &want); err != nil {
		t.Fatal(err)
	}
	if a, b := mustJSON(t, got), mustJSON(t, want); a != b {
		t.Errorf("wrote %s, want %s", a, b)
	}
	fromLedger, err := newLedger(list, 1).List().Format()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(string(out), `"passes": true`, `"passes": false`, 1); string(fromLedger) != want {
		t.Errorf("the ledger writes\n%s, want\n%s", fromLedger, want)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParseFeatureListNamesProblems(t *testing.T) {
	tests := []struct {
		name, data, want string
	}{
		{"empty", "", "feature_list.json:1:1: the file is empty"},
		{"blank", " \n\t", "the file is empty"},
		{"byte order mark", "\xef\xbb\xbf[]", "byte order mark"},
		{"truncated", "[\n  {\"description\": \"a\"},\n  {\"desc", "feature_list.json:3:9: "},
		{"not JSON", "[\n// comment\n]", "feature_list.json:2:1: this is not JSON"},
		{"NaN", `[{"description": "a", "priority": NaN}]`, "feature_list.json:1:35: this is not JSON"},
		{"trailing text", "[]\n\nand more", "feature_list.json:3:1: there is text after the end of the list"},
		{"two values", `[] []`, "there is text after the end"},
		{"a text", `"features"`, "must be an array of features"},
		{"object without features", `{"a": 1}`, `the object has no "features"`},
		{"features is an object", `{"features": {}}`, "must be an array of features"},
		{"element is a number", "[\n1]", "feature_list.json:2:1: a feature must be an object and is 1"},
		{"name twice", "[{\"description\": \"a\",\n \"passes\": true, \"passes\": false}]", `feature_list.json:2:26: the field "passes" stands twice`},
		{"passes is a text", "[{\"description\": \"a\",\n\"passes\": \"true\"}]", `feature_list.json:2:11: "passes" is "true" and must be true or false`},
		{"passes is a number", `[{"description": "a", "passes": 1}]`, `"passes" is 1 and must be true or false`},
		{"passes is null", `[{"description": "a", "passes": null}]`, `"passes" is null and must be true or false`},
		{"no description", `[{"id": "x"}]`, "feature 1 has no description"},
		{"same id", `[{"id": "x", "description": "a"}, {"id": "x", "description": "b"}]`, `features 1 and 2 have the same id "x"`},
		{"steps is a text", `[{"description": "a", "steps": "run"}]`, `"steps" is "run" and must be a list of texts`},
		{"not UTF-8", "[{\"description\": \"\xff\"}]", "feature_list.json:1:19: this is not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseFeatureList([]byte(tt.data))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSound(t *testing.T) {
	tests := []struct {
		name, data string
		least      int
		want       string
	}{
		{"sound", `[{"id": "a", "description": "a", "passes": false}, {"id": "b", "description": "b", "depends_on": ["a"]}]`, 2, ""},
		{"too few", `[{"description": "a"}]`, 5, "it has 1 features and needs at least 5"},
		{"none", `[]`, 0, "it has 0 features and needs at least 1"},
		{"one passes", `[{"id": "a", "description": "a", "passes": true}]`, 1, "these do not: a"},
		{"depends on nothing", `[{"id": "a", "description": "a", "depends_on": ["z"]}]`, 1, `feature a depends on "z"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, err := ParseFeatureList([]byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if got := list.Sound(tt.least); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("Sound = %q, want %q", got, tt.want)
			}
		})
	}
}

// A list cut at every byte is never mistaken for a whole one.
func TestTruncatedListIsNeverSound(t *testing.T) {
	const whole = `[{"id": "F1", "description": "a b", "passes": false}, {"id": "F2", "description": "ü", "steps": ["x"]}]`
	for n := range len(whole) {
		if _, err := ParseFeatureList([]byte(whole[:n])); err == nil {
			t.Errorf("%q is taken for a list", whole[:n])
		}
	}
}

func FuzzParseFeatureList(f *testing.F) {
	for _, seed := range []string{
		`[]`, `{"features": []}`, `[{"id": "F1", "description": "a", "steps": ["x"], "passes": true}]`,
		`[{"description": "a", "x": {"y": [1, null, "\u00e9"]}}]`, `[{]`, "[\n1]", `{"features": [{"description": "a"}], "features": 1}`,
		`[{"description": "a", "priority": "HIGH", "depends_on": [1, "2"]}]`, strings.Repeat("[", 2000), `{"a": {}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseFeatureList(data)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		out, err := list.Format()
		if err != nil {
			t.Fatalf("a list that was read cannot be written: %v", err)
		}
		again, err := ParseFeatureList(out)
		if err != nil || !again.same(list) {
			t.Fatalf("written as %q it is another list: %v", out, err)
		}
		l := newLedger(list, 0)
		if r := l.reconcile(found{data: data, list: list}, author{name: "agent", session: 1}); len(r.violations) > 0 {
			t.Fatalf("an untouched list violates: %q", r.violations)
		}
	})
}

func TestBriefingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		text := Brief(s)
		if len(text) > MaxBriefing {
			t.Fatalf("%d bytes", len(text))
		}
		if !utf8.ValidString(text) {
			t.Fatalf("not UTF-8: %q", text)
		}
	})
}

// anySituation makes up a project of any age.
func anySituation(t *rapid.T) Situation {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab \n#-éü漢")), 0, 3000, -1)
	s := Situation{
		Kind: rapid.SampledFrom([]Kind{Init, Continue}).Draw(t, "kind"), Number: rapid.IntRange(1, 1e6).Draw(t, "number"),
		Notes: text.Draw(t, "notes"), Spec: text.Draw(t, "spec"),
		Warnings: rapid.SliceOfN(text, 0, 4).Draw(t, "warnings"),
	}
	for i := range rapid.IntRange(0, 400).Draw(t, "features") {
		e := LedgerEntry{State: FeatureOpen, Broken: i%7 == 0, Failure: "it failed"}
		e.Feature.Description = text.Draw(t, "description")
		if i > 5 {
			e.Feature.Description = strings.Repeat("long ", 100)
		}
		s.Ledger.Entries = append(s.Ledger.Entries, e)
	}
	for range rapid.IntRange(0, RecentSessions).Draw(t, "sessions") {
		s.Sessions = append(s.Sessions, SessionRecord{Said: strings.Repeat("said ", 200), Notes: []string{strings.Repeat("n", 500)}})
	}
	for range rapid.IntRange(0, 300).Draw(t, "uncommitted") {
		s.Repo.Uncommitted = append(s.Repo.Uncommitted, FileChange{Path: strings.Repeat("p/", 80), Status: "changed"})
		s.Repo.Log = append(s.Repo.Log, Commit{ID: "0123456789", Subject: strings.Repeat("s", 300)})
	}
	return s
}

func TestBriefingSaysWhatMatters(t *testing.T) {
	list, err := ParseFeatureList([]byte(`[
		{"id": "late", "description": "comes later", "priority": 9},
		{"id": "waits", "description": "waits for soon", "priority": 1, "depends_on": ["soon"]},
		{"id": "soon", "description": "comes first", "priority": 2, "steps": ["press the button"], "verify": "make test"},
		{"id": "broken", "description": "worked once", "priority": 50},
		{"id": "done", "description": "is done", "passes": true}]`))
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(list, 1)
	l.Entries[3].Broken, l.Entries[3].BrokenAfter, l.Entries[3].BrokenBy = true, 5, 6
	l.Entries[4].Pending = false
	text := Brief(Situation{
		Kind: Continue, Number: 8, Ledger: l, Notes: "old\n" + strings.Repeat("x", 2000) + "\nthe newest note",
		Sessions: []SessionRecord{{Number: 7, Kind: Continue, Outcome: Outcome{Class: OutcomeDone}, Claimed: 2, Said: "I am done.", Notes: []string{"Undone: feature late was edited."}}},
		Repo:     RepoState{Exists: true, Busy: "rebase", Uncommitted: []FileChange{{Path: "main.go", Status: "changed"}}, Log: []Commit{{ID: "abcdef0123", Subject: "soon: begin"}}},
	})
	for _, want := range []string{
		"before session 8", "5 features: 0 proven by a check, 1 claimed without one, 4 open (1 of these worked before and are broken)",
		"Undone: feature late was edited.", "Feature broken worked and is broken since session 6", "A rebase is under way",
		"main.go (changed)", "Session 7 (continue) ended as done", "I am done.", "press the button", "verified by: make test",
		"the newest note", "soon: begin",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the briefing lacks %q:\n%s", want, text)
		}
	}
	var order []int
	for _, key := range []string{"- broken:", "- soon:", "- late:", "- waits:"} {
		order = append(order, strings.Index(text, key))
	}
	for i := 1; i < len(order); i++ {
		if order[i-1] < 0 || order[i] < order[i-1] {
			t.Errorf("the next features are in the order %v:\n%s", order, text)
		}
	}
}

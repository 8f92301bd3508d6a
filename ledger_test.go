package autosession

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var agent7 = author{name: "agent", session: 7}

func parse(t interface{ Fatalf(string, ...any) }, data string) FeatureList {
	list, err := ParseFeatureList([]byte(data))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return list
}

func leave(t *testing.T, data string) found {
	t.Helper()
	return parseFound([]byte(data))
}

const threeFeatures = `[
	{"id": "A", "description": "first", "passes": false},
	{"id": "B", "description": "second", "passes": false},
	{"description": "third", "passes": false}]`

func TestReconcileAgent(t *testing.T) {
	tests := []struct {
		name       string
		left       found
		claims     []string
		violations []string // a part of each
		write      bool
	}{
		{name: "untouched", left: leave(t, threeFeatures)},
		{name: "other layout and key order", left: leave(t, `[{"passes":false,"description":"first","id":"A"},{"id":"B","description":"second","passes":false},{"description":"third"}]`)},
		{name: "a claim", left: leave(t, strings.Replace(threeFeatures, `"second", "passes": false`, `"second", "passes": true`, 1)), claims: []string{"B"}, write: true},
		{name: "a claim without an id", left: leave(t, strings.Replace(threeFeatures, `"third", "passes": false`, `"third", "passes": true`, 1)), claims: []string{"#3"}, write: true},
		{name: "deleted", left: leave(t, `[{"id": "A", "description": "first"}, {"description": "third"}]`), violations: []string{"feature B was deleted"}, write: true},
		{name: "edited", left: leave(t, strings.Replace(threeFeatures, "first", "easy", 1)), violations: []string{"feature A was edited"}, write: true},
		{name: "edited and claimed", left: leave(t, strings.Replace(threeFeatures, `"first", "passes": false`, `"easy", "passes": true`, 1)), claims: []string{"A"}, violations: []string{"feature A was edited"}, write: true},
		{name: "added", left: leave(t, strings.Replace(threeFeatures, "[", `[{"description": "new", "passes": true},`, 1)), violations: []string{"feature #1 was added"}, write: true},
		{name: "moved", left: leave(t, `[{"id": "B", "description": "second"}, {"id": "A", "description": "first"}, {"description": "third"}]`), violations: []string{"reordered"}, write: true},
		{name: "moved and claimed", left: leave(t, `[{"id": "B", "description": "second", "passes": true}, {"id": "A", "description": "first"}, {"description": "third"}]`), claims: []string{"B"}, violations: []string{"reordered"}, write: true},
		{name: "merged", left: leave(t, `[{"id": "A", "description": "first and second", "passes": true}, {"description": "third"}]`), claims: []string{"A"}, violations: []string{"feature A was edited", "feature B was deleted"}, write: true},
		{name: "passes is a text", left: leave(t, strings.Replace(threeFeatures, `"second", "passes": false`, `"second", "passes": "true"`, 1)), violations: []string{`"passes" is "true"`}, write: true},
		{name: "field removed", left: leave(t, `[{"id": "A"}, {"id": "B", "description": "second"}, {"description": "third"}]`), violations: []string{"feature 1 has no description", "feature A was edited"}, write: true},
		{name: "twice the same", left: leave(t, `[{"id": "A", "description": "first"}, {"id": "A", "description": "first", "passes": true}, {"id": "B", "description": "second"}, {"description": "third"}]`), violations: []string{"the same id", "feature A was added"}, write: true},
		{name: "all flipped", left: leave(t, strings.ReplaceAll(threeFeatures, "false", "true")), claims: []string{"A", "B", "#3"}, write: true},
		{name: "gone", left: found{missing: true}, violations: []string{"was deleted"}, write: true},
		{name: "truncated", left: leave(t, threeFeatures[:40]), violations: []string{"the list was broken"}, write: true},
		{name: "a link", left: found{wrong: errors.New("it is a link"), garbled: true}, violations: []string{"it is a link"}, write: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger(parse(t, threeFeatures), 1)
			r := l.reconcile(tt.left, agent7)
			var claims []string
			for _, i := range r.claims {
				claims = append(claims, r.ledger.Key(i))
				if e := r.ledger.Entries[i]; !e.Pending || e.ClaimedBy != 7 || e.passes() {
					t.Errorf("the claim is %+v", e)
				}
			}
			if !slices.Equal(claims, tt.claims) {
				t.Errorf("claims %q, want %q", claims, tt.claims)
			}
			all := strings.Join(r.violations, "; ")
			for _, want := range tt.violations {
				if !strings.Contains(all, want) {
					t.Errorf("violations %q lack %q", all, want)
				}
			}
			if (len(r.violations) > 0) != (len(tt.violations) > 0) {
				t.Errorf("violations: %q", all)
			}
			if r.write != tt.write {
				t.Errorf("write = %v, want %v", r.write, tt.write)
			}
			if len(r.history) < len(r.claims)+len(r.violations) {
				t.Errorf("only %d entries of history", len(r.history))
			}
		})
	}
}

func TestReconcileReports(t *testing.T) {
	l := newLedger(parse(t, threeFeatures), 1)
	l.Entries[0].State, l.Entries[0].Proof = FeatureProven, &CheckRun{Passed: true}
	r := l.reconcile(leave(t, threeFeatures), agent7)
	if len(r.reports) != 1 || r.reports[0] != 0 || len(r.violations) > 0 {
		t.Errorf("reports %v, violations %q", r.reports, r.violations)
	}
	if r.ledger.Entries[0].State != FeatureProven {
		t.Error("a report alone took the proof away")
	}
}

// TestReconcileAround compares what stands around the list.
func TestReconcileAround(t *testing.T) {
	const known = `{"project": "one", "n": 1.0, "features": [{"id": "A", "description": "first", "passes": false}], "tail": {"a": 1, "b": [2]}}`
	l := newLedger(parse(t, known), 1)
	for _, tt := range []struct {
		name, left string
		same       bool
	}{
		{"other layout", `{"tail": {"b": [ 2 ], "a": 1}, "n":1.0, "features": [{"description": "first", "id": "A"}], "project": "one"}`, true},
		{"a value", strings.Replace(known, `"one"`, `"two"`, 1), false},
		{"a digit", strings.Replace(known, `1.0`, `1`, 1), false},
		{"a field inside", strings.Replace(known, `"a"`, `"c"`, 1), false},
		{"a field more", strings.Replace(known, `{"project"`, `{"x": null, "project"`, 1), false},
		{"a field less", strings.Replace(known, `"n": 1.0, `, ``, 1), false},
		{"nothing around it", `[{"id": "A", "description": "first", "passes": false}]`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := l.reconcile(leave(t, tt.left), agent7)
			if undone := slices.Equal(r.violations, []string{"what stands around the list was edited"}); undone == tt.same || r.write == tt.same {
				t.Errorf("of an agent: %q, write %v", r.violations, r.write)
			}
			if !r.ledger.List().same(l.List()) {
				t.Error("an agent's edit is taken over")
			}
			r = l.reconcile(leave(t, tt.left), author{name: "person"})
			if !r.ledger.List().same(parse(t, tt.left)) || r.write {
				t.Errorf("a person's edit is not taken over: %s", r.ledger.Wrapper)
			}
			if recorded := len(r.history) == 1 && r.history[0].What == "edited" && r.history[0].Feature == ""; recorded == tt.same {
				t.Errorf("of a person: %+v", r.history)
			}
		})
	}
	l = newLedger(parse(t, `{"features": [{"id": "A", "description": "first"}]}`), 1)
	if r := l.reconcile(leave(t, `[{"id": "A", "description": "first"}]`), agent7); r.write || len(r.violations) > 0 {
		t.Errorf("an object that holds nothing else is more than layout: %q", r.violations)
	}
}

// TestFindIsUnambiguous has an id that looks like a place. No list is read that
// has one, and in a ledger of old each key still means one feature.
func TestFindIsUnambiguous(t *testing.T) {
	_, err := ParseFeatureList([]byte(`[{"id": "#2", "description": "first"}, {"description": "second"}]`))
	if err == nil || !strings.Contains(err.Error(), `feature_list.json:1:2: feature 1 has the id "#2"; a feature without an id is called so by its place; give it another one`) {
		t.Errorf("an id that looks like a place: %v", err)
	}
	if _, err := ParseFeatureList([]byte(`[{"id": "#", "description": "a"}, {"id": "#2b", "description": "b"}, {"id": "2", "description": "c"}, {"id": "#-2", "description": "d"}]`)); err != nil {
		t.Error(err)
	}
	l := Ledger{Entries: []LedgerEntry{{Feature: Feature{ID: "#2"}}, {}, {Feature: Feature{ID: "#1"}}}}
	for i := range l.Entries {
		if at := l.Find(l.Key(i)); at != i {
			t.Errorf("the key %s of feature %d finds %d", l.Key(i), i, at)
		}
	}
}

func TestReconcilePerson(t *testing.T) {
	l := newLedger(parse(t, threeFeatures), 1)
	for i := range l.Entries {
		l.Entries[i].SeenFailing = true
	}
	l.Entries[1].State, l.Entries[1].Proof = FeatureProven, &CheckRun{Passed: true}
	r := l.reconcile(leave(t, `[
		{"id": "N", "description": "new", "passes": false},
		{"id": "B", "description": "second", "passes": true},
		{"id": "A", "description": "first, but better", "passes": true}]`), author{name: "person"})
	if r.write || len(r.violations) > 0 || len(r.ledger.Entries) != 3 {
		t.Fatalf("not taken over: %+v", r)
	}
	if e := r.ledger.Entries[1]; e.State != FeatureProven || e.Proof == nil {
		t.Errorf("what did not change lost its proof: %+v", e)
	}
	if e := r.ledger.Entries[2]; !e.Pending || e.SeenFailing {
		t.Errorf("an edited feature is %+v, want a claim with a check that was not seen failing", e)
	}
	var what []string
	for _, h := range r.history {
		what = append(what, h.Feature+" "+h.What)
	}
	if got := strings.Join(what, ", "); got != "N added, A edited, A claimed, #3 removed" {
		t.Errorf("history: %s", got)
	}
	reopened := l.reconcile(leave(t, threeFeatures), author{name: "person"})
	if reopened.ledger.Entries[1].State != FeatureOpen {
		t.Error("a person cannot open a feature again")
	}
	for name, left := range map[string]found{"gone": {missing: true}, "empty": leave(t, `[]`), "empty and wrapped": leave(t, `{"features": []}`)} {
		if r := l.reconcile(left, author{name: "person"}); !r.write || len(r.ledger.Entries) != 3 || len(r.history) != 1 {
			t.Errorf("a list that is %s is not restored", name)
		}
		if d := detect(left, &l); d.Kind != Continue || !d.Restore || !strings.Contains(d.Reason, "3 features") {
			t.Errorf("a list that is %s: %+v", name, d)
		}
	}
}

// anyLedger makes up a ledger with all states in it.
func anyLedger(t *rapid.T) Ledger {
	var features []string
	for i := range rapid.IntRange(1, 8).Draw(t, "features") {
		id := ""
		if rapid.Bool().Draw(t, "has id") {
			id = fmt.Sprintf(`"id": "F%d", `, i)
		}
		features = append(features, fmt.Sprintf(`{%s"description": "does %d", "steps": ["%d"], "own": %d}`, id, rapid.IntRange(0, 5).Draw(t, "same text"), i, i))
	}
	l := newLedger(parse(t, "["+strings.Join(features, ",")+"]"), 1)
	for i := range l.Entries {
		e := &l.Entries[i]
		e.State = rapid.SampledFrom([]FeatureState{FeatureOpen, FeatureClaimed, FeatureProven}).Draw(t, "state")
		e.Pending = e.State == FeatureClaimed && rapid.Bool().Draw(t, "pending")
		if e.State == FeatureProven {
			e.Proof = &CheckRun{Passed: true}
		}
	}
	return l
}

// mischief does to a list whatever an agent could think of.
func mischief(t *rapid.T, list FeatureList) (FeatureList, map[int]bool) {
	fs := slices.Clone(list.Features)
	flipped := map[int]bool{}
	for i := range fs {
		if rapid.IntRange(0, 3).Draw(t, "flip") == 0 {
			fs[i].Passes = !fs[i].Passes
			flipped[i] = fs[i].Passes
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "acts") {
		if len(fs) == 0 {
			break
		}
		i := rapid.IntRange(0, len(fs)-1).Draw(t, "at")
		j := rapid.IntRange(0, len(fs)-1).Draw(t, "other")
		switch rapid.SampledFrom([]string{"delete", "edit", "move", "add", "rename", "copy"}).Draw(t, "act") {
		case "delete":
			fs = slices.Delete(fs, i, i+1)
		case "edit":
			fs[i] = Feature{ID: fs[i].ID, Description: "easy", Passes: fs[i].Passes}
		case "move":
			fs[i], fs[j] = fs[j], fs[i]
		case "add":
			fs = slices.Insert(fs, i, Feature{ID: "new", Description: "new", Passes: true})
		case "rename":
			fs[i] = Feature{ID: "other", Description: fs[i].Description, Passes: true}
		case "copy":
			fs = append(fs, fs[i])
		}
	}
	return FeatureList{Features: fs}, flipped
}

func TestReconcileProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLedger(t)
		left, _ := mischief(t, l.List())
		data, err := left.Format()
		if err != nil {
			t.Fatal(err)
		}
		holdsForAgent(t, l, parseFound(data))
	})
}

// holdsForAgent checks what must hold whatever an agent leaves.
func holdsForAgent(t interface{ Fatalf(string, ...any) }, l Ledger, left found) {
	before, err := json.Marshal(l)
	if err != nil {
		t.Fatalf("%v", err)
	}
	r := l.reconcile(left, agent7)
	if after, err := json.Marshal(l); err != nil || !bytes.Equal(before, after) {
		t.Fatalf("the ledger itself was changed: %v", err)
	}
	if len(r.ledger.Entries) != len(l.Entries) {
		t.Fatalf("%d features became %d", len(l.Entries), len(r.ledger.Entries))
	}
	for i, was := range l.Entries {
		is := r.ledger.Entries[i]
		if is.Feature.hash() != was.Feature.hash() {
			t.Fatalf("feature %d was edited", i)
		}
		if is.passes() && !was.passes() {
			t.Fatalf("feature %d passes without a proof", i)
		}
		if is.State != was.State && !(was.State == FeatureOpen && is.State == FeatureClaimed && is.Pending) {
			t.Fatalf("feature %d went from %s to %s", i, was.State, is.State)
		}
		if is.State != was.State && !r.changed[i] {
			t.Fatalf("feature %d changed and is not named", i)
		}
	}
	if len(r.violations) > 0 && !r.write {
		t.Fatalf("%q is not undone", r.violations)
	}
	// Applying it twice changes nothing: what is written back is at rest.
	back, err := r.ledger.List().Format()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if again := r.ledger.reconcile(parseFound(back), agent7); len(again.violations)+len(again.claims)+len(again.reports) > 0 || again.write {
		t.Fatalf("not at rest: %+v", again)
	}
}

// holdsForPerson checks what must hold whatever a person leaves.
func holdsForPerson(t interface{ Fatalf(string, ...any) }, l Ledger, left found) {
	r := l.reconcile(left, author{name: "person"})
	for i, e := range r.ledger.Entries {
		if e.State == FeatureProven && e.Proof == nil {
			t.Fatalf("feature %d is proven without a proof", i)
		}
	}
	if left.wrong != nil && len(r.ledger.Entries) != len(l.Entries) {
		t.Fatalf("a broken list became the ledger")
	}
	if left.missing || left.wrong != nil {
		if !r.write {
			t.Fatalf("a list that is gone or broken is not restored")
		}
		return
	}
	if !r.ledger.List().same(left.list) {
		// A claim whose check is due is not shown as passing yet.
		for i, f := range left.list.Features {
			if e := r.ledger.Entries[i]; e.Feature.hash() != f.hash() || e.passes() != f.Passes && !e.Pending {
				t.Fatalf("feature %d is not taken over: %+v", i, e)
			}
		}
	}
}

// FuzzReconcile leaves any bytes in the place of the list of any ledger.
func FuzzReconcile(f *testing.F) {
	for _, left := range []string{
		threeFeatures, "", "[]", `{"features": ` + threeFeatures + `, "features": 1}`, threeFeatures[:60],
		strings.ReplaceAll(threeFeatures, "false", "true"), strings.ReplaceAll(threeFeatures, "false", `"true"`),
		`[{"id": "B", "description": "second", "passes": true}, {"id": "A", "description": "first"}, {"id": "A", "description": "third"}]`,
		"\xef\xbb\xbf[]", "[{}]", `[{"id": 1, "passes": null}]`, `[[[[`,
	} {
		for states := range byte(4) {
			f.Add([]byte(left), states*21)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, states byte) {
		l := newLedger(parse(t, threeFeatures), 1)
		for i := range l.Entries {
			e := &l.Entries[i]
			switch states >> (2 * i) & 3 {
			case 1:
				e.State, e.Pending = FeatureClaimed, true
			case 2:
				e.State = FeatureClaimed
			case 3:
				e.State, e.Proof = FeatureProven, &CheckRun{Passed: true}
			}
		}
		holdsForAgent(t, l, parseFound(data))
		holdsForPerson(t, l, parseFound(data))
		if list, err := ParseFeatureList(data); err == nil && len(list.Features) > 0 {
			holdsForAgent(t, newLedger(list, 1), parseFound([]byte(threeFeatures)))
		}
	})
}

// A legal claim in the midst of illegal edits of other features is kept.
func TestReconcileKeepsLegalClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(parse(t, `[{"id": "A", "description": "a"}, {"id": "B", "description": "b"}, {"id": "C", "description": "c"}]`), 1)
		rest, _ := mischief(t, FeatureList{Features: slices.Clone(l.List().Features[:2])})
		claimed := l.Entries[2].Feature
		claimed.Passes = true
		at := rapid.IntRange(0, len(rest.Features)).Draw(t, "place")
		left := FeatureList{Features: slices.Insert(rest.Features, at, claimed)}
		data, err := left.Format()
		if err != nil {
			t.Fatal(err)
		}
		if r := l.reconcile(parseFound(data), agent7); !slices.Contains(r.claims, 2) {
			t.Fatalf("the claim is lost in %s", data)
		}
	})
}

func TestApply(t *testing.T) {
	passed := CheckRun{Command: "make", Passed: true, Tree: "t2", Session: 3}
	passed1 := CheckRun{Command: "make", Passed: true, Tree: "t1", Session: 1}
	failed := CheckRun{Command: "make", Tree: "t2", Session: 3, Output: "no"}
	other := CheckRun{Command: "true", Passed: true, Tree: "t1", Session: 1}
	seen := LedgerEntry{State: FeatureOpen, Tried: true, CheckedBy: "make", SeenFailing: true, FailedTree: "t1"}
	with := func(e LedgerEntry, change func(e *LedgerEntry)) LedgerEntry {
		change(&e)
		return e
	}
	claimed := with(seen, func(e *LedgerEntry) { e.State, e.Pending = FeatureClaimed, true })
	proven := with(seen, func(e *LedgerEntry) { e.State, e.Proof = FeatureProven, &passed })
	disproved := with(seen, func(e *LedgerEntry) { e.Failure, e.FailedTree = "no", "t2" })
	unsure := LedgerEntry{State: FeatureClaimed, Tried: true, CheckedBy: "make"}
	tests := []struct {
		name string
		was  LedgerEntry
		run  CheckRun
		want LedgerEntry
	}{
		{"open, passes before any work", LedgerEntry{State: FeatureOpen}, passed, LedgerEntry{State: FeatureOpen, Tried: true, CheckedBy: "make"}},
		{"open, fails", LedgerEntry{State: FeatureOpen}, failed, disproved},
		{"claimed, passes, never seen failing", LedgerEntry{State: FeatureClaimed, Pending: true}, passed, unsure},
		{"claimed, passes", claimed, passed, proven},
		{"claimed, passes on the tree that it failed on", with(claimed, func(e *LedgerEntry) { e.FailedTree = "t2" }), passed, with(proven, func(e *LedgerEntry) { e.FailedTree = "t2" })},
		{"claimed, fails", LedgerEntry{State: FeatureClaimed, Pending: true}, failed, disproved},
		{"proven, fails", with(proven, func(e *LedgerEntry) { e.Proof = &passed1 }), failed, with(disproved, func(e *LedgerEntry) { e.Broken, e.BrokenBy, e.BrokenAfter, e.Proof = true, 3, 1, &passed1 })},
		{"broken, is mended", with(claimed, func(e *LedgerEntry) { e.Broken, e.BrokenBy = true, 2 }), passed, proven},

		{"claimed, another check was seen failing", with(claimed, func(e *LedgerEntry) { e.CheckedBy = "false" }), passed, unsure},
		{"proven by another check, passes", with(proven, func(e *LedgerEntry) { e.CheckedBy, e.Proof = "true", &other }), passed, with(unsure, func(e *LedgerEntry) { e.Proof = &other })},
		{"proven by another check, fails", with(proven, func(e *LedgerEntry) { e.CheckedBy, e.Proof = "true", &other }), failed, with(disproved, func(e *LedgerEntry) { e.Proof = &other })},

		{"of an older version, its own check", with(claimed, func(e *LedgerEntry) { e.CheckedBy, e.Feature.Verify = "", "make" }), passed, with(proven, func(e *LedgerEntry) { e.Feature.Verify = "make" })},
		{"of an older version, proven by this suite", with(proven, func(e *LedgerEntry) { e.CheckedBy, e.Proof = "", &passed1 }), passed, proven},
		{"of an older version, some suite", with(claimed, func(e *LedgerEntry) { e.CheckedBy = "" }), passed, unsure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.was
			got.apply(tt.run)
			if a, b := mustJSON(t, got), mustJSON(t, tt.want); a != b {
				t.Errorf("got\n%s, want\n%s", a, b)
			}
		})
	}
}

func TestHeadTail(t *testing.T) {
	h := &headTail{limit: 10}
	for range 100 {
		fmt.Fprint(h, "0123456789abc")
	}
	fmt.Fprint(h, "the end.")
	got := h.String()
	if !strings.HasPrefix(got, "0123456789\n[1288 bytes left out]\n") || !strings.HasSuffix(got, "bcthe end.") {
		t.Errorf("kept %q", got)
	}
}

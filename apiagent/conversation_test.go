package apiagent

import (
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

func TestWholeConversation(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{In: 100, Out: 20, Write: 3000}, text("I look first."),
			use("t1", "Read", block{"file_path": "hello.txt"}), use("t2", "Glob", block{"pattern": "**/*.txt"})),
		reply("tool_use", usage{In: 10, Out: 30, Read: 3000, Write: 200},
			use("t3", "Write", block{"file_path": "sub/new.txt", "content": "made\n"}),
			use("t4", "Edit", block{"file_path": "hello.txt", "old_string": "world", "new_string": "you"}),
			use("t5", "Bash", block{"command": "cat hello.txt sub/new.txt; pwd"})),
		reply("end_turn", usage{In: 5, Out: 7, Read: 3200}, text("All done.")),
	)
	b.write("hello.txt", "hello\nworld\n")
	c := b.open()
	r := b.run(c, "Do it.")

	if r.Outcome.Class != autosession.OutcomeDone || r.Text != "All done." {
		t.Errorf("the result is %+v", r)
	}
	if got := b.read("hello.txt") + b.read("sub/new.txt"); got != "hello\nyou\nmade\n" {
		t.Errorf("the project holds %q", got)
	}
	want := autosession.Usage{Turns: 3, Tokens: autosession.Tokens{Input: 115, Output: 57, CacheRead: 6200, CacheWrite: 3200}}
	want.CostUSD = r.Usage.CostUSD
	if r.Usage != want {
		t.Errorf("the usage is %+v, want %+v", r.Usage, want)
	}
	if usd := (115*3 + 57*15 + 6200*0.30 + 3200*3.75) / 1e6; r.Usage.CostUSD < usd*0.9999 || r.Usage.CostUSD > usd*1.0001 {
		t.Errorf("the cost is %v, want %v", r.Usage.CostUSD, usd)
	}
	results := b.of(autosession.EventToolResult)
	if len(results) != 5 || len(b.of(autosession.EventToolCall)) != 5 {
		t.Fatalf("%d results", len(results))
	}
	for i, e := range results {
		if e.Result.IsError {
			t.Errorf("tool %d failed: %s", i+1, e.Result.Text)
		}
	}
	if got := results[4].Result.Text; !strings.Contains(got, "hello\nyou\nmade\n"+b.task.Dir) {
		t.Errorf("Bash said %q", got)
	}
	for _, seen := range a.seen() {
		if seen.key != testKey || !seen.Stream || seen.Model != testModel || len(seen.Tools) != 6 {
			t.Errorf("a request is %+v", seen)
		}
	}
}

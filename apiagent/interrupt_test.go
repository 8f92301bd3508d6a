package apiagent

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestInterruptThenWrapUp(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{}, use("t1", "Bash", block{"command": "echo before; touch started; sleep 600"}), use("t2", "Bash", block{"command": "touch never"})),
		reply("end_turn", usage{}, text("saved")))
	c := b.open()
	go func() {
		for i := 0; i < 3000; i++ {
			if _, err := os.Stat(b.task.Dir + "/started"); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond) // until the condition holds
		}
		if err := c.Interrupt(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if r := b.run(c, "go"); r.Outcome.Class != autosession.OutcomeInterrupted {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if r := b.run(c, "wrap up"); r.Outcome.Class != autosession.OutcomeDone || r.Usage.Turns != 2 {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	messages := a.seen()[1].Messages
	told := messages[len(messages)-1].Content
	if len(told) != 3 || !strings.Contains(resultText(told[0]), "before") || !strings.Contains(resultText(told[0]), "interrupted") ||
		!strings.Contains(resultText(told[1]), "did not run") || told[2]["text"] != "wrap up" {
		t.Errorf("the model is told %v", told)
	}
	if _, err := os.Stat(b.task.Dir + "/never"); err == nil {
		t.Error("the second tool ran")
	}
}

func TestInterruptDuringARequest(t *testing.T) {
	asked := make(chan struct{})
	b, a := newBench(t,
		func(w http.ResponseWriter, r *http.Request) {
			sse{w}.start(usage{})
			close(asked)
			<-r.Context().Done()
		},
		reply("end_turn", usage{}, text("saved")))
	c := b.open()
	go func() {
		<-asked
		_ = c.Interrupt(context.Background())
	}()
	if r := b.run(c, "go"); r.Outcome.Class != autosession.OutcomeInterrupted {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if r := b.run(c, "wrap up"); r.Outcome.Class != autosession.OutcomeDone {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if m := a.seen()[1].Messages; len(m) != 1 || len(m[0].Content) != 2 {
		t.Errorf("the model is told %v", m)
	}
}

func TestInterruptWithoutARun(t *testing.T) {
	b, _ := newBench(t, reply("end_turn", usage{}, text("ok")))
	c := b.open()
	if err := c.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := b.run(c, "go"); r.Outcome.Class != autosession.OutcomeDone {
		t.Errorf("the outcome is %s", r.Outcome)
	}
}

func TestEndOfContextKills(t *testing.T) {
	b, _ := newBench(t, reply("tool_use", usage{}, use("t1", "Bash", block{"command": "touch started; sleep 600"})))
	c := b.open()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.on = func(e autosession.Event) error {
		if e.Type == autosession.EventToolCall {
			cancel()
		}
		return nil
	}
	r, err := c.Run(ctx, "go")
	if err != nil || r.Outcome.Class != autosession.OutcomeInterrupted {
		t.Fatalf("the outcome is %s, %v", r.Outcome, err)
	}
	<-b.process.done
}

func TestHandsDie(t *testing.T) {
	b, _ := newBench(t,
		reply("tool_use", usage{}, use("t1", "Bash", block{"command": "kill -9 $PPID; sleep 600"})),
		reply("tool_use", usage{}, use("t2", "Glob", block{"pattern": "*"})))
	c := b.open()
	if r := b.run(c, "go"); r.Outcome.Class != autosession.OutcomeCrashed || !strings.Contains(r.Outcome.Detail, "killed") {
		t.Errorf("the outcome is %+v", r.Outcome)
	}
	if r := b.run(c, "again"); r.Outcome.Class != autosession.OutcomeCrashed {
		t.Errorf("the outcome is %+v", r.Outcome)
	}
}

func TestCloseTwiceAndDuringARun(t *testing.T) {
	b, _ := newBench(t, reply("tool_use", usage{}, use("t1", "Bash", block{"command": "sleep 600 & echo $! > pid; wait"})))
	c := b.open()
	ended := make(chan autosession.Result, 1)
	go func() {
		r, err := c.Run(context.Background(), "go")
		if err != nil {
			t.Error(err)
		}
		ended <- r
	}()
	var pid int
	for pid == 0 {
		data, _ := os.ReadFile(b.task.Dir + "/pid")
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		time.Sleep(10 * time.Millisecond) // until the condition holds
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if r := <-ended; r.Outcome.Class != autosession.OutcomeInterrupted {
		t.Errorf("the outcome is %s", r.Outcome)
	}
	for alive(pid) {
		time.Sleep(10 * time.Millisecond) // until the condition holds
	}
	if _, err := c.Run(t.Context(), "again"); err == nil {
		t.Error("a closed conversation ran")
	}
}

// alive says that a process runs: one that is only waiting to be reaped does
// not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestBackgroundProcessSurvivesItsCall(t *testing.T) {
	b, _ := newBench(t,
		reply("tool_use", usage{}, use("t1", "Bash", block{"command": "sleep 600 & echo $! > pid"})),
		reply("tool_use", usage{}, use("t2", "Bash", block{"command": "kill -0 $(cat pid) && echo lives"})),
		reply("end_turn", usage{}, text("ok")))
	b.run(b.open(), "go")
	results := b.of(autosession.EventToolResult)
	if got := results[1].Result.Text; got != "lives\n" {
		t.Errorf("the second call says %q", got)
	}
}

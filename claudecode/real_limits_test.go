package claudecode

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode/clitest"
)

func apiError(status int, kind, message string) playedTurn {
	return playedTurn{
		status: status,
		body:   `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"}}`,
	}
}

// TestRealServiceErrors plays errors of the model's service to the real
// program.
func TestRealServiceErrors(t *testing.T) {
	rejected := apiError(429, "rate_limit_error", "This request would exceed your account's rate limit.")
	rejected.header = http.Header{
		"Retry-After":                        {"3600"},
		"Anthropic-Ratelimit-Unified-Status": {"rejected"},
		"Anthropic-Ratelimit-Unified-Reset":  {"1893456000"},
	}
	for _, test := range []struct {
		name  string
		turn  playedTurn
		class autosession.OutcomeClass
		block string
	}{
		{"401", apiError(401, "authentication_error", "invalid x-api-key"), autosession.OutcomeNeedsPerson, autosession.BlockAuth},
		{"403", apiError(403, "permission_error", "not allowed"), autosession.OutcomeNeedsPerson, autosession.BlockAuth},
		{"404", apiError(404, "not_found_error", "model: no-such-model"), autosession.OutcomeNeedsPerson, autosession.BlockAgent},
		{"cut", playedTurn{cut: true}, autosession.OutcomeOffline, ""},
		{"429", rejected, autosession.OutcomeRateLimited, ""},
		{"too long", apiError(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"), autosession.OutcomeContextFull, ""},
		{"credit", apiError(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."), autosession.OutcomeNeedsPerson, autosession.BlockCredit},
	} {
		t.Run(test.name, func(t *testing.T) {
			turns := make([]playedTurn, 20)
			for i := range turns {
				turns[i] = test.turn
			}
			s := openReal(t, &gate{}, turns...)
			begun := time.Now()
			r := s.run(t, "Go.")
			t.Logf("%v after %v, %d requests", r.Outcome, time.Since(begun), len(s.api.requests()))
			wantClass(t, r, test.class)
			if r.Outcome.Block != test.block {
				t.Errorf("block = %q, want %q", r.Outcome.Block, test.block)
			}
			if n := len(s.api.requests()); n > 2 {
				t.Errorf("%d requests were made, want no ladder of retries", n)
			}
		})
	}
}

// TestRealServerError plays a service that is down, and one that sends an
// overload in the place of its answer, to a program that retries once.
func TestRealServerError(t *testing.T) {
	for name, down := range map[string]playedTurn{
		"500":               apiError(500, "api_error", "Internal server error"),
		"an error in a 200": apiError(200, "overloaded_error", "Overloaded"),
	} {
		t.Run(name, func(t *testing.T) {
			s := openRealAgent(t, func(a *Agent, _ *autosession.Task) {
				a.Env = append(a.Env, "CLAUDE_CODE_MAX_RETRIES=1")
			}, down, down, down, down, down, down)
			wantClass(t, s.run(t, "Go."), autosession.OutcomeOverloaded)
		})
	}
}

// TestRealUsageLimit plays a used-up subscription, whose reset time the
// program reads from the service's headers. The program is given a dummy
// token, which it sends to the service that we name.
func TestRealUsageLimit(t *testing.T) {
	reset := time.Now().Add(4 * time.Hour).Truncate(time.Second)
	rejected := apiError(429, "rate_limit_error", "This request would exceed your account's rate limit.")
	rejected.header = http.Header{
		"Anthropic-Ratelimit-Unified-Status":               {"rejected"},
		"Anthropic-Ratelimit-Unified-Reset":                {strconv.FormatInt(reset.Unix(), 10)},
		"Anthropic-Ratelimit-Unified-Representative-Claim": {"five_hour"},
	}
	s := openRealAgent(t, func(a *Agent, _ *autosession.Task) { a.Key, a.Token = "", "sk-ant-oat01-a-dummy" }, rejected, rejected)
	if lane := s.Info().Lane; lane != "subscription" {
		t.Errorf("lane = %q", lane)
	}
	r := s.run(t, "Go.")
	wantClass(t, r, autosession.OutcomeUsageLimit)
	if !r.Outcome.Reset.Equal(reset) {
		t.Errorf("reset = %v, want %v", r.Outcome.Reset, reset)
	}
	if limits := s.of(autosession.EventLimit); len(limits) == 0 || !limits[0].Until.Equal(reset) {
		t.Errorf("limit events: %+v", limits)
	}
}

// TestRealResumeUnknown resumes what the program does not know.
func TestRealResumeUnknown(t *testing.T) {
	api := playAPI(t)
	dir := t.TempDir()
	task := autosession.Task{
		Session: uuid(), Resume: uuid(), Dir: dir, Home: dir, Model: testModel, Hooks: &gate{},
		Start: startHost(t, dir, dir), Emit: (&recorder{}).emit,
	}
	c, err := Agent{Command: clitest.Program(t), BaseURL: api.URL, Key: "sk-a-dummy-key"}.Open(t.Context(), task)
	var got *autosession.OutcomeError
	if c != nil || !errors.As(err, &got) || !contains(got.Outcome.Detail, "No conversation found") {
		t.Errorf("Open = %v, %v", c, err)
	}
}

func TestRealInterrupt(t *testing.T) {
	begun := make(chan struct{})
	s := openReal(t, &gate{},
		playedTurn{begun: begun, hold: make(chan struct{})},
		playedTurn{text: "My notes are written."},
	)
	go func() {
		<-begun
		if err := s.Interrupt(t.Context()); err != nil {
			t.Errorf("interrupt: %v", err)
		}
	}()
	wantClass(t, s.run(t, "Work for a long time."), autosession.OutcomeInterrupted)
	r := s.run(t, "Write your notes.")
	wantClass(t, r, autosession.OutcomeDone)
	if r.Text != "My notes are written." {
		t.Errorf("text = %q", r.Text)
	}
}

func TestRealResume(t *testing.T) {
	s := openReal(t, &gate{}, playedTurn{text: "The word is plum."})
	first := s.run(t, "Remember: plum.")
	wantClass(t, first, autosession.OutcomeDone)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	id := s.Info().ID
	s.task.Session, s.task.Resume = uuid(), id
	s.open(t)
	r := s.run(t, "What was the word?")
	wantClass(t, r, autosession.OutcomeDone)
	if s.Info().ID != id {
		t.Errorf("id = %s, want %s", s.Info().ID, id)
	}
	requests := s.api.requests()
	if last := requests[len(requests)-1]; !contains(last, "Remember: plum.") || !contains(last, "The word is plum.") {
		t.Error("the model does not see what came before")
	}
	if r.Usage != first.Usage {
		t.Errorf("usage = %+v, want that of one turn, as at first: %+v", r.Usage, first.Usage)
	}
}

func TestRealMaxTurns(t *testing.T) {
	look := playedTurn{tools: []playedTool{{"Bash", map[string]any{"command": "true", "description": "look"}}}}
	s := openRealTask(t, func(task *autosession.Task) { task.MaxTurns = 2 }, look, look, look)
	r := s.run(t, "Go.")
	wantClass(t, r, autosession.OutcomeTurnLimit)
	if r.Usage.Turns != 2 {
		t.Errorf("turns = %d, want 2", r.Usage.Turns)
	}
	wantClass(t, s.run(t, "Go on."), autosession.OutcomeTurnLimit)
	if n := len(s.api.requests()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// TestRealSlash has a prompt that looks like a command of the program's own.
func TestRealSlash(t *testing.T) {
	s := openReal(t, &gate{}, playedTurn{text: "There is no help."})
	r := s.run(t, "/help me")
	if requests := s.api.requests(); r.Text != "There is no help." || len(requests) != 1 || !contains(requests[0], "/help me") {
		t.Errorf("text = %q after %d requests", r.Text, len(s.api.requests()))
	}
}

// TestRealOffline has a service that cannot be reached: the program retries,
// and says so without a status. TestRetryLadder has the rest of the ladder.
func TestRealOffline(t *testing.T) {
	s := openReal(t, &gate{})
	s.api.Listener.Close()
	s.on(autosession.EventRetry, func() {
		if err := s.Interrupt(t.Context()); err != nil {
			t.Errorf("interrupt: %v", err)
		}
	})
	wantClass(t, s.run(t, "Go."), autosession.OutcomeInterrupted)
	retries := s.of(autosession.EventRetry)
	if len(retries) == 0 || !contains(string(retries[0].Raw), `"error_status":null,"error":"unknown"`) {
		t.Errorf("retries = %v", retries)
	}
}

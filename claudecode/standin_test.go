package claudecode

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
)

// standin plays the program: it speaks the protocol, and a scenario makes it
// speak badly.
type standin struct {
	in  *bufio.Reader
	out *bufio.Writer
	n   int

	args []string // what the real program would get
}

// playClaude is the stand-in's main function: the scenario, then what the real
// program would get.
func playClaude(args []string) int {
	play, ok := scenarios()[args[0]]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such scenario:", args[0])
		return 2
	}
	p := newStandin(os.Stdin, os.Stdout)
	p.args = args[1:]
	defer p.out.Flush()
	return play(p)
}

func newStandin(in io.Reader, out io.Writer) *standin {
	return &standin{in: bufio.NewReader(in), out: bufio.NewWriterSize(out, 64<<10)}
}

// say writes one frame, given as JSON or as a value.
func (p *standin) say(v any) {
	text, ok := v.(string)
	if !ok {
		b, _ := json.Marshal(v)
		text = string(b)
	}
	fmt.Fprintln(p.out, text)
	p.out.Flush()
}

// hear reads the next frame of the host, or nil at the end.
func (p *standin) hear() map[string]any {
	text, err := p.in.ReadBytes('\n')
	if err != nil {
		return nil
	}
	var m map[string]any
	if json.Unmarshal(text, &m) != nil {
		return nil
	}
	return m
}

// until reads frames until one has the type, and answers what the host asks.
func (p *standin) until(typ string) map[string]any {
	for {
		m := p.hear()
		if m == nil || m["type"] == typ {
			return m
		}
		if m["type"] == "control_request" {
			p.answer(m)
		}
	}
}

func (p *standin) answer(m map[string]any) {
	response := map[string]any{}
	switch m["request"].(map[string]any)["subtype"] {
	case "initialize":
		response["account"] = map[string]any{"apiKeySource": "ANTHROPIC_API_KEY", "tokenSource": "none", "apiProvider": "firstParty"}
	case "get_binary_version":
		response["version"] = "2.1.197"
	}
	p.say(map[string]any{"type": "control_response", "response": map[string]any{
		"subtype": "success", "request_id": m["request_id"], "response": response,
	}})
}

// prompted speaks the protocol up to the first prompt. Without one the program
// ends.
func (p *standin) prompted() {
	if p.until("user") == nil {
		os.Exit(0)
	}
}

// finish waits for the end of the input, as the real program does.
func (p *standin) finish(status int) int {
	p.until("the end")
	return status
}

// hook asks about a tool call and does not wait for the answer.
func (p *standin) hook(id, tool string, input any) {
	p.say(map[string]any{"type": "control_request", "request_id": id, "request": map[string]any{
		"subtype": "hook_callback", "callback_id": hookBefore, "tool_use_id": id,
		"input": map[string]any{
			"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": id,
		},
	}})
}

// verdict waits for the answer to any hook: its request id, and the decision.
func (p *standin) verdict() string {
	m := p.until("control_response")
	if m == nil {
		return "none"
	}
	r := m["response"].(map[string]any)
	specific := r["response"].(map[string]any)["hookSpecificOutput"].(map[string]any)
	return fmt.Sprintf("%v %v", r["request_id"], specific["permissionDecision"])
}

func (p *standin) text(s string) {
	p.n++
	p.say(map[string]any{"type": "assistant", "message": map[string]any{
		"id": fmt.Sprint("msg_", p.n), "model": "played", "content": []any{map[string]any{"type": "text", "text": s}},
		"usage": map[string]any{"input_tokens": 10, "output_tokens": 1},
	}})
}

const successFrame = `{"type":"result","subtype":"success","is_error":false,"result":"fine","total_cost_usd":0.5,` +
	`"modelUsage":{"played":{"inputTokens":10,"outputTokens":5,"contextWindow":100,"costUSD":0.5}},"terminal_reason":"completed"}`

// scenarios are the ways in which the stand-in speaks. Each returns its exit
// status.
func scenarios() map[string]func(*standin) int {
	return map[string]func(*standin) int{
		"well":              func(p *standin) int { p.prompted(); p.text("hello"); p.say(successFrame); return p.finish(0) },
		"no output":         func(*standin) int { return 0 },
		"fails at start":    func(*standin) int { fmt.Fprintln(os.Stderr, "error: unknown option '--x'"); return 1 },
		"old":               playOld,
		"too old to start":  playTooOld,
		"signed out":        playSignedOut,
		"no result":         func(p *standin) int { p.prompted(); p.text("hello"); return 0 },
		"exit 1 at success": func(p *standin) int { p.prompted(); p.say(successFrame); return 1 },
		"error result":      playErrorResult,
		"signal":            playSignal,
		"half line, exit":   func(p *standin) int { p.prompted(); fmt.Fprint(p.out, `{"type":"assi`); p.out.Flush(); return 0 },
		"half line, silent": playHalfLine,
		"last line whole":   func(p *standin) int { p.prompted(); fmt.Fprint(p.out, successFrame); p.out.Flush(); return 0 },
		"gigabyte":          playGigabyte,
		"flood":             playFlood,
		"bad lines":         playBadLines,
		"late request":      playLateRequest,
		"two hooks":         playTwoHooks,
		"cancelled hook":    playCancelledHook,
		"closed hook":       playClosedHook,
		"odd requests":      playOddRequests,
		"deaf":              playDeaf,
		"daemon":            playDaemon,
		"messages":          playMessages,
		"background":        playBackground,
	}
}

// playTooOld does not know our flags.
func playTooOld(p *standin) int {
	if slices.Equal(p.args, []string{"--version"}) {
		fmt.Println("1.0.9 (Claude Code)")
		return 0
	}
	fmt.Fprintln(os.Stderr, "error: unknown option '--tools'")
	return 1
}

func playOld(p *standin) int {
	for m := p.hear(); m != nil; m = p.hear() {
		response := map[string]any{}
		if m["request"].(map[string]any)["subtype"] == "get_binary_version" {
			response["version"] = "1.0.44"
		}
		p.say(map[string]any{"type": "control_response", "response": map[string]any{
			"subtype": "success", "request_id": m["request_id"], "response": response,
		}})
	}
	return 0
}

func playSignedOut(p *standin) int {
	m := p.hear()
	p.say(map[string]any{"type": "control_response", "response": map[string]any{
		"subtype": "success", "request_id": m["request_id"],
		"response": map[string]any{"account": map[string]any{"tokenSource": "none"}},
	}})
	return p.finish(0)
}

func playErrorResult(p *standin) int {
	p.prompted()
	p.say(`{"type":"result","subtype":"success","is_error":true,"api_error_status":403,` +
		`"terminal_reason":"api_error","result":"API Error: 403 for sk-a-dummy-key"}`)
	return p.finish(0)
}

func playSignal(p *standin) int {
	p.prompted()
	p.text("hello")
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func playHalfLine(p *standin) int {
	p.prompted()
	fmt.Fprint(p.out, `{"type":"assi`)
	p.out.Flush()
	return p.finish(0)
}

// playGigabyte answers with a tool result of 1 GiB in one line.
func playGigabyte(p *standin) int {
	p.prompted()
	fmt.Fprint(p.out, `{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"`)
	part := strings.Repeat("x", 1<<20)
	for range 1 << 10 {
		p.out.WriteString(part)
	}
	fmt.Fprintln(p.out, `","is_error":true}]}}`)
	p.say(successFrame)
	return p.finish(0)
}

// playFlood writes short lines of many kinds until it is interrupted after ten
// million. Before, it answers an interrupt and goes on.
func playFlood(p *standin) int {
	p.prompted()
	interrupts := make(chan any, 100)
	go func() {
		for m := p.hear(); m != nil; m = p.hear() {
			if request, ok := m["request"].(map[string]any); ok && request["subtype"] == "interrupt" {
				interrupts <- m["request_id"]
			}
		}
	}()
	block := floodBlock()
	for lines := 0; ; lines += strings.Count(block, "\n") {
		select {
		case id := <-interrupts:
			p.say(map[string]any{"type": "control_response", "response": map[string]any{"subtype": "success", "request_id": id}})
			if lines >= floodLines {
				p.say(`{"type":"result","subtype":"error_during_execution","is_error":true,"terminal_reason":"aborted_streaming"}`)
				return p.finish(0)
			}
		default:
		}
		if lines == floodLines {
			p.text("enough")
		}
		if _, err := p.out.WriteString(block); err != nil {
			return 1
		}
	}
}

// floodLines is how many lines the flood has before the stand-in says that this
// is enough.
const floodLines = 10_000_000

// Of the lines of one block these are neither understood nor progress.
const (
	floodBad     = 3
	floodUnknown = 2
)

// floodBlock is a thousand short lines as a session has them: most of them only
// say that the program lives, some are unknown, some broken.
func floodBlock() string {
	odd := []string{
		`{"type":"unheard of"}`, "not JSON", `{"type":"system","subtype":"status","status":"requesting"}`, "x",
		`{"type":"system","subtype":"unheard of"}`, "{}",
	}
	progress := []string{
		`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}}`,
		`{"type":"tool_progress","tool_use_id":"t"}`,
		`{"type":"keep_alive"}`,
	}
	for i := 0; len(odd) < 1000; i++ {
		odd = append(odd, progress[i%len(progress)])
	}
	return strings.Join(odd, "\n") + "\n"
}

func playBadLines(p *standin) int {
	p.prompted()
	for _, l := range []string{
		"[SandboxDebug] not JSON", "{", "}", "{}", "null", `"text"`, "[1,2]", `{"type":7}`,
		`{"type":"keep_alive"}{"type":"keep_alive"}`, "\x00\x00", "{\"type\":\"assistant\xff\xfe",
		`{"type":"a new type","x":1}`, `{"type":"system","subtype":"a new subtype"}`,
		`{"type":"assistant","message":{"id":"a","content":[{"type":"a new block"}]}}`,
		`{"type":"assistant","message":{"id":"a","content":"plain text","usage":{"input_tokens":"7"}}}`,
		"{\"type\":\"assistant\",\"message\":{\"id\":\"b\",\"content\":[{\"type\":\"text\",\"text\":\"bad \xff utf8\"}]}}",
		`{"type":"deep","x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
		`{"type":"too deep","x":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`,
		`{"type":"rate_limit_event","rate_limit_info":{"status":"allowed","resetsAt":"soon"}}`,
		"", "   ", "\r",
	} {
		p.say(l)
	}
	p.say(successFrame)
	return p.finish(0)
}

// playLateRequest asks about a tool call when its turn is over.
func playLateRequest(p *standin) int {
	p.prompted()
	p.say(`{"type":"system","subtype":"session_state_changed","state":"running"}`)
	p.say(successFrame)
	p.hook("late", "Bash", map[string]any{"command": "true"})
	fmt.Fprintln(os.Stderr, p.verdict())
	p.say(`{"type":"system","subtype":"session_state_changed","state":"idle"}`)
	return p.finish(0)
}

// playTwoHooks asks about a second call while the first is being judged.
func playTwoHooks(p *standin) int {
	p.prompted()
	p.hook("slow", "Bash", map[string]any{"command": "slow"})
	p.hook("quick", "Bash", map[string]any{"command": "quick"})
	p.text(p.verdict())
	p.text(p.verdict())
	p.say(successFrame)
	return p.finish(0)
}

// playCancelledHook takes a question back, and says what it hears then.
func playCancelledHook(p *standin) int {
	p.prompted()
	p.hook("cancelled", "Bash", map[string]any{"command": "slow"})
	p.say(`{"type":"control_cancel_request","request_id":"cancelled"}`)
	p.hook("next", "Bash", map[string]any{"command": "quick"})
	p.text(p.verdict())
	p.say(successFrame)
	return p.finish(0)
}

// playClosedHook writes to a file what it hears of a call that is being judged
// while the conversation is closed.
func playClosedHook(p *standin) int {
	p.prompted()
	p.hook("pending", "Bash", map[string]any{"command": "slow"})
	_ = os.WriteFile("verdict", []byte(p.verdict()), 0o644)
	return p.finish(0)
}

// playOddRequests asks what nobody knows, and unsound questions.
func playOddRequests(p *standin) int {
	p.prompted()
	for i, request := range []string{
		`{"subtype":"a new request"}`,
		`{"subtype":"hook_callback","callback_id":"autosession-before","input":7}`,
		`{"subtype":"hook_callback","callback_id":"unknown","input":{"tool_name":"Bash","tool_input":{"command":"no"}}}`,
		`{"subtype":"hook_callback","callback_id":"autosession-after","input":7}`,
		`{"subtype":"can_use_tool","tool_name":"Write","input":{"file_path":"a","content":"b"},"tool_use_id":"t"}`,
		`{"subtype":"can_use_tool","tool_name":"Write","input":{"file_path":"no","content":"b"},"tool_use_id":"t"}`,
		`{"subtype":"can_use_tool","tool_name":"AskUserQuestion","input":{},"requires_user_interaction":true}`,
		`{"subtype":"can_use_tool"}`,
		`7`,
	} {
		p.say(fmt.Sprintf(`{"type":"control_request","request_id":"%d","request":%s}`, i, request))
		answer, _ := json.Marshal(p.until("control_response")["response"])
		p.text(string(answer))
	}
	p.say(successFrame)
	return p.finish(0)
}

// playDeaf ends neither with its input nor by SIGTERM.
func playDeaf(p *standin) int {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	p.prompted()
	p.say(successFrame)
	select {}
}

// playDaemon leaves a process in a session of its own that holds its output.
func playDaemon(p *standin) int {
	p.prompted()
	daemon := exec.Command("sleep", "600")
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := daemon.Start(); err != nil {
		return 3
	}
	_ = os.WriteFile("daemon", []byte(fmt.Sprint(daemon.Process.Pid)), 0o644)
	p.say(successFrame)
	return p.finish(0)
}

// playMessages answers each prompt with 40,000 messages at once.
func playMessages(p *standin) int {
	text, _ := messageFrames()
	for p.until("user") != nil {
		_, _ = p.out.WriteString(text)
		p.say(successFrame)
		p.say(`{"type":"system","subtype":"session_state_changed","state":"idle"}`)
	}
	return 0
}

// playBackground has an agent in the background when its first result comes.
func playBackground(p *standin) int {
	p.prompted()
	p.say(`{"type":"system","subtype":"session_state_changed","state":"running"}`)
	p.say(`{"type":"system","subtype":"task_started","task_id":"a1","task_type":"local_agent","tool_use_id":"t1","description":"look around"}`)
	p.say(`{"type":"result","subtype":"success","result":"the agent still works"}`)
	p.say(`{"type":"system","subtype":"session_state_changed","state":"idle"}`)
	p.say(`{"type":"assistant","parent_tool_use_id":"t1","message":{"id":"s1","model":"played","content":[{"type":"text","text":"I look"},{"type":"tool_use","id":"t2","name":"Read","input":{}}],"usage":{"input_tokens":3}}}`)
	p.say(`{"type":"system","subtype":"task_updated","task_id":"a1","patch":{"status":"completed"}}`)
	p.say(`{"type":"system","subtype":"session_state_changed","state":"running"}`)
	p.text("it is over")
	p.say(successFrame)
	p.say(`{"type":"system","subtype":"session_state_changed","state":"idle"}`)
	return p.finish(0)
}

// messageFrames are 40,000 frames as a session has them.
func messageFrames() (text string, n int) {
	var b strings.Builder
	for n < 40000 {
		i := n / 4
		fmt.Fprintf(&b, `{"type":"assistant","message":{"id":"msg_%d","type":"message","role":"assistant","model":"played","content":[{"type":"text","text":"I look at the next file, number %d, and then change it."}],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s"}`+"\n", i, i)
		fmt.Fprintf(&b, `{"type":"assistant","message":{"id":"msg_%d","type":"message","role":"assistant","model":"played","content":[{"type":"tool_use","id":"toolu_%d","name":"Bash","input":{"command":"go test ./...","description":"Run the tests"}}],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s"}`+"\n", i, i)
		fmt.Fprintf(&b, `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_%d","type":"tool_result","content":"ok\nall tests pass\n","is_error":false}]},"parent_tool_use_id":null,"session_id":"s","tool_use_result":{"stdout":"ok\nall tests pass\n","stderr":"","interrupted":false}}`+"\n", i)
		fmt.Fprintf(&b, `{"type":"assistant","message":{"id":"msg_%d","type":"message","role":"assistant","model":"played","content":[{"type":"thinking","thinking":"Now the next one.","signature":"c2ln"}],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s"}`+"\n", i)
		n += 4
	}
	return b.String(), n
}

// openStandin opens a conversation with a stand-in that plays a scenario.
func openStandin(t testing.TB, scenario string, hooks autosession.Hooks) (*recorder, autosession.Conversation, string, error) {
	t.Helper()
	dir, rec := t.TempDir(), &recorder{}
	task := autosession.Task{
		Session: "5e551011-0000-4000-8000-000000000000", Kind: autosession.Continue,
		Dir: dir, Home: dir, Hooks: hooks, Start: startStandin(t, scenario, dir), Emit: rec.emit,
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Agent{Command: self, Key: "sk-a-dummy-key"}.Open(t.Context(), task)
	return rec, c, dir, err
}

// startStandin is a Task.Start that runs the stand-in in place of the program.
func startStandin(t testing.TB, scenario, dir string) func(context.Context, autosession.Command) (autosession.Process, error) {
	start := startHost(t, dir, dir)
	return func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
		path, args, err := reexec.Command("claude", append([]string{scenario}, c.Args...)...)
		if err != nil {
			return nil, err
		}
		c.Path, c.Args = path, args
		c.Env = append(c.Env, "GORACE=atexit_sleep_ms=0")
		return start(ctx, c)
	}
}

// mustOpen opens a conversation and closes it after the test.
func mustOpen(t testing.TB, scenario string, hooks autosession.Hooks) (*recorder, autosession.Conversation, string) {
	t.Helper()
	rec, c, dir, err := openStandin(t, scenario, hooks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return rec, c, dir
}

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

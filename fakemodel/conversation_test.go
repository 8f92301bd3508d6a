package fakemodel_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/autosession/autosession/fakemodel"
)

// talk is a conversation of an agent that answers every tool call.
type talk struct {
	t      *testing.T
	client anthropic.Client
	params anthropic.MessageNewParams
	last   anthropic.Message
}

func newTalk(t *testing.T, server *fakemodel.Server, prompt string) *talk {
	return &talk{t: t, client: newClient(server), params: params(user(prompt))}
}

// next asks, and returns what the model says, or the kind of its error.
func (k *talk) next() string {
	k.t.Helper()
	m, err := ask(k.t.Context(), k.client, true, k.params)
	if err != nil {
		return "error"
	}
	k.last = m
	k.params.Messages = append(k.params.Messages, m.ToParam())
	return said(m)
}

// result answers the tool calls of the last reply.
func (k *talk) result(text string) *talk {
	k.params.Messages = append(k.params.Messages, results(k.last, text, false))
	return k
}

// prompt says something more.
func (k *talk) prompt(text string) *talk {
	k.params.Messages = append(k.params.Messages, user(text))
	return k
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("the model says %q, want %q", got, want)
	}
}

const bash = "\ntool = [{ name = \"Bash\", input = { command = \"true\" } }]\n"

func TestASessionGoesOnAfterErrors(t *testing.T) {
	server := start(t, `
[[session]]
[[session.step]]
status = 429
[[session.step]]
broken = "cut"
say = "half"
[[session.step]]
say = "one"`+bash+`
[[session.step]]
status = 529
times = 2
[[session.step]]
say = "two"
[[session]]
[[session.step]]
say = "another session"
`)
	k := newTalk(t, server, "Build it.")
	want(t, k.next(), "error")
	want(t, k.next(), "error")
	want(t, k.next(), "one")
	k.result("ok")
	want(t, k.next(), "error")
	want(t, k.next(), "error")
	want(t, k.next(), "two")
	want(t, newTalk(t, server, "Build it.").next(), "another session")
	if left := server.Unplayed(); len(left) > 0 {
		t.Errorf("not played: %q", left)
	}
}

func TestAnUnansweredSessionMakesRoomWhenItIsUsedUp(t *testing.T) {
	server := start(t, `
[[session]]
[[session.step]]
status = 401
[[session]]
[[session.step]]
say = "after the fix"
`)
	want(t, newTalk(t, server, "Build it.").next(), "error")
	want(t, newTalk(t, server, "Build it.").next(), "after the fix")
}

func TestAnEndlessErrorDoesNotHoldTheNextClient(t *testing.T) {
	server := start(t, `
[[session]]
[[session.step]]
status = 529
again = true
[[session]]
[[session.step]]
say = "room again"
`)
	first, second := newTalk(t, server, "Build it."), newTalk(t, server, "Build it.")
	first.params.Metadata.UserID = anthropic.String("session-1")
	second.params.Metadata.UserID = anthropic.String("session-2")
	for range 3 {
		want(t, first.next(), "error")
	}
	want(t, second.next(), "room again")
}

func TestSessionsAreTakenByWhatTheyMatch(t *testing.T) {
	server := start(t, `
[default]
say = "nobody"
[[session]]
name = "init"
match = "/(?i)make the FEATURE list/"
[[session.step]]
say = "init"
[[session]]
name = "work"
match = "{{.Project}}"
times = 2
[[session.step]]
say = "work"
[[session]]
name = "system"
match = "You build things"
[[session.step]]
say = "system"
`)
	for _, c := range []struct{ prompt, reply string }{
		{"Go on in /work/p", "work"},
		{"Please make the feature list of /work/p.", "init"},
		{"Go on in /work/p once more", "work"},
		{"Go on in /work/p a third time", "system"},
		{"And now?", "nobody"},
		{"And then?", "nobody"},
	} {
		want(t, newTalk(t, server, c.prompt).next(), c.reply)
	}
	sessions := []string{}
	for _, r := range server.Requests() {
		sessions = append(sessions, r.Session)
	}
	if !slices.Equal(sessions, []string{"work", "init", "work", "system", "", ""}) {
		t.Errorf("the requests went to %q", sessions)
	}
}

func TestTheModelReacts(t *testing.T) {
	scenario := `
[[session]]
[[session.step]]
say = "I test."` + bash + `
[[session.step]]
when = "FAIL"
again = true
say = "I repair."` + bash + `
[[session.step]]
else = true
when = "/^denied/"
say = "Not allowed."
[[session.step]]
else = true
say = "Green."` + bash + `
[[session.step]]
when = "never said"
say = "This is passed over."
[[session.step]]
say = "Good bye."
`
	for _, c := range []struct{ results, replies []string }{
		{[]string{"ok", "ok"}, []string{"Green.", "Good bye."}},
		{[]string{"FAIL 1", "FAIL 2", "ok", "FAIL 3"}, []string{"I repair.", "I repair.", "Green.", "Good bye."}},
		{[]string{"denied by policy"}, []string{"Not allowed."}},
		{[]string{"it was denied", "ok"}, []string{"Green.", "Good bye."}},
	} {
		t.Run(strings.Join(c.results, ","), func(t *testing.T) {
			k := newTalk(t, start(t, scenario), "Build it.")
			want(t, k.next(), "I test.")
			for i, result := range c.results {
				want(t, k.result(result).next(), c.replies[i])
			}
		})
	}
}

func TestALaterPromptLeadsToItsStep(t *testing.T) {
	scenario := `
[[session]]
[[session.step]]
say = "one"` + bash + `
[[session.step]]
say = "two"` + bash + `
[[session.step]]
prompt = "wrap up"
status = 529
[[session.step]]
say = "I save my work."` + bash + `
[[session.step]]
say = "Saved."
`
	t.Run("in the middle", func(t *testing.T) {
		k := newTalk(t, start(t, scenario), "Build it.")
		want(t, k.next(), "one")
		k.result("ok").prompt("<system-reminder>wrap up</system-reminder>")
		want(t, k.next(), "two")
		k.result("interrupted").prompt("Please wrap up now.")
		want(t, k.next(), "error")
		want(t, k.next(), "I save my work.")
		want(t, k.result("ok").next(), "Saved.")
		want(t, k.prompt("And?").next(), nothingLeft)
	})
	t.Run("at the end", func(t *testing.T) {
		k := newTalk(t, start(t, scenario), "Build it.")
		want(t, k.next(), "one")
		want(t, k.result("ok").next(), "two")
		want(t, k.result("ok").next(), nothingLeft)
		want(t, k.prompt("Please wrap up now.").next(), "error")
		want(t, k.next(), "I save my work.")
	})
}

// An interrupted client keeps the half reply that it got and says more.
func TestAnInterruptedReplyIsFollowedByAPrompt(t *testing.T) {
	server := start(t, `
[[session]]
[[session.step]]
broken = "cut"
say = "I say a lot of things before anything happens."
[[session.step]]
say = "This is passed over."
[[session.step]]
prompt = "wrap up"
say = "Wrapped up."
`)
	k := newTalk(t, server, "Build it.")
	want(t, k.next(), "error")
	k.params.Messages = append(k.params.Messages, anthropic.NewAssistantMessage(anthropic.NewTextBlock("I say a lot")))
	want(t, k.prompt("Please wrap up now.").next(), "Wrapped up.")
}

const nothingLeft = "The model is played, and its scenario has no step left for this conversation."

func TestATextOnlyConversationGoesOn(t *testing.T) {
	server := start(t, "[[session]]\ntimes = 2\n[[session.step]]\nsay = \"one\"\n[[session.step]]\nsay = \"two\"")
	first, second := newTalk(t, server, "Build it."), newTalk(t, server, "Build it.")
	want(t, first.next(), "one")
	want(t, second.next(), "one")
	want(t, first.prompt("more").next(), "two")
	want(t, second.prompt("more").next(), "two")
}

func TestQuestionsAsideConsumeNothing(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"one\"")
	client, p := newClient(server), params(user("Build it."))
	title := p
	title.Tools = nil
	probe := p
	probe.MaxTokens = 1
	for _, q := range []anthropic.MessageNewParams{title, probe, title} {
		m, err := ask(t.Context(), client, false, q)
		if err != nil || m.StopReason != "end_turn" || said(m) == "one" {
			t.Errorf("got %q, stop %s, %v", said(m), m.StopReason, err)
		}
	}
	want(t, newTalk(t, server, "Build it.").next(), "one")
}

func TestWhatTheAPIRefusesConsumesNothing(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"one\""+bash+"[[session.step]]\nsay = \"two\"")
	k := newTalk(t, server, "Build it.")
	want(t, k.next(), "one")
	sound := k.params
	for name, messages := range map[string][]anthropic.MessageParam{
		"no result":   {user("more")},
		"wrong id":    {anthropic.NewUserMessage(anthropic.NewToolResultBlock("toolu_other", "ok", false))},
		"empty text":  {results(k.last, "ok", false), user("")},
		"unanswered":  nil,
		"twice asked": {results(k.last, "ok", false), user("x"), k.last.ToParam(), user("y")},
	} {
		broken := sound
		broken.Messages = append(slices.Clone(sound.Messages), messages...)
		if m, err := ask(t.Context(), k.client, false, broken); err == nil {
			t.Errorf("%s: got %q", name, said(m))
		}
	}
	want(t, k.result("ok").next(), "two")
}

func TestTheCacheIsPriced(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"one\""+bash+
		"[[session.step]]\nsay = \"two\"\nusage = { input = 3000, output = 126, cache_read = 5 }")
	k := newTalk(t, server, strings.Repeat("Build it. ", 100))
	k.params.System[0].CacheControl = anthropic.NewCacheControlEphemeralParam()
	k.params.Messages[0].Content[0].OfText.CacheControl = anthropic.NewCacheControlEphemeralParam()
	k.next()
	u := k.last.Usage
	if u.CacheCreationInputTokens < 250 || u.CacheReadInputTokens != 0 || u.InputTokens != 1 {
		t.Errorf("the first usage is %+v", u)
	}
	k.result("ok").next()
	u = k.last.Usage
	if u.InputTokens != 3000 || u.OutputTokens != 126 || u.CacheReadInputTokens != 5 {
		t.Errorf("the given usage is %+v", u)
	}
	k.prompt("more").next()
	u = k.last.Usage
	if u.CacheCreationInputTokens != 0 || u.CacheReadInputTokens < 250 || u.InputTokens < 50 {
		t.Errorf("the third usage is %+v", u)
	}
}

// play holds many conversations at once and returns what each was told.
func play(t *testing.T, server *fakemodel.Server, conversations int) []string {
	told := make([]string, conversations)
	var talks sync.WaitGroup
	for i := range conversations {
		talks.Go(func() {
			k := newTalk(t, server, fmt.Sprintf("Build part %d.", i))
			reply := k.next()
			for len(told[i]) < 10000 && k.last.StopReason == "tool_use" {
				told[i] += reply
				reply = k.result("ok").next()
			}
			told[i] += reply
		})
	}
	talks.Wait()
	return told
}

func TestConversationsAtOnce(t *testing.T) {
	scenario, expected := "", []string{}
	for i := range 8 {
		scenario += fmt.Sprintf("[[session]]\nmatch = \"part %d.\"\n", i)
		all := ""
		for j := range 10 {
			say := fmt.Sprintf("[part %d step %d]", i, j)
			scenario += fmt.Sprintf("[[session.step]]\nsay = %q%s", say, bash)
			all += say
		}
		scenario += "[[session.step]]\nsay = \"end\"\n"
		expected = append(expected, all+"end")
	}
	server := start(t, scenario)
	if told := play(t, server, 8); !slices.Equal(told, expected) {
		t.Errorf("told %q", told)
	}
	if left := server.Unplayed(); len(left) > 0 {
		t.Errorf("not played: %q", left)
	}
}

func TestTheSameRequestsGetTheSameReplies(t *testing.T) {
	scenario := "[[session]]\n[[session.step]]\nthink = \"hm\"\nsay = \"one\"\n" +
		"tool = [{ name = \"A\", input = { z = 1, a = { c = [1, 2], b = 1.5 } } }]\n[[session.step]]\nsay = \"two\""
	var runs [2]string
	for i := range runs {
		k := newTalk(t, start(t, scenario), "Build it.")
		k.next()
		runs[i] = k.last.RawJSON() + fmt.Sprintf("%+v %s %+v", k.last.ID, k.last.Content[2].ID, k.last.Usage)
		k.result("ok").next()
		runs[i] += k.last.ID + fmt.Sprintf("%+v", k.last.Usage)
	}
	if runs[0] != runs[1] {
		t.Errorf("first %s\nthen %s", runs[0], runs[1])
	}
}

func TestUnplayedNamesSessionsAndSteps(t *testing.T) {
	server := start(t, `
[[session]]
name = "init"
[[session.step]]
say = "one"`+bash+`
[[session.step]]
say = "two"
times = 3
[[session]]
name = "never"
[[session.step]]
say = "x"
`)
	want(t, newTalk(t, server, "Build it.").next(), "one")
	got := server.Unplayed()
	expected := []string{
		`session "init": step 2 (line 8): played 0 of 3 times`,
		`session "never" (line 11): begun 0 of 1 times`,
	}
	if !slices.Equal(got, expected) {
		t.Errorf("got %q", got)
	}
}

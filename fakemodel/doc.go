// Package fakemodel serves the Messages API on loopback and plays a scenario
// from a file that a person can read and write. It lets any agent that speaks
// this API run a whole session without a key, an account or a network: for
// the demo and for tests.
//
// Only the model is played. What the agent does with the replies (running
// commands, writing files) is real. Every reply says so: its header
// x-autosession-lane is "played", and so are the ids of messages, tool calls
// and requests. The name of the model is echoed as it was asked for. It is
// not a recorder, not a proxy, and does not think: it knows only the scenario.
//
// # Scenario
//
// A scenario is TOML. A [[session]] is one conversation; its [[session.step]]
// are the model's replies, in order:
//
//	[[session]]
//	name  = "init"
//	match = "feature list"          # must occur in the system text or the first prompt
//
//	[[session.step]]
//	say  = "I look at the project."
//	tool = [{ name = "Bash", input = { command = "ls {{.Project}}" } }]
//
//	[[session.step]]
//	[[session.step.tool]]
//	name = "Write"
//	[session.step.tool.input]
//	file_path = "{{.Project}}/hello.sh"
//	content = '''
//	echo hello
//	'''
//
//	[[session.step]]
//	when = "not allowed"            # in what the agent sent last, such as a tool's result
//	say  = "Then I do without."
//
//	[[session.step]]
//	else = true
//	say  = "Done."
//
// Keys of a [[session]]:
//
//   - name: for messages and tests; "session 1" and so on by default.
//   - match: what the system text or the first prompt must hold. Plain text,
//     or a regular expression /between slashes/. Without it every
//     conversation fits.
//   - times: how many conversations it plays, 1 by default. again = true is
//     any number.
//   - step: the replies.
//
// Keys of a step that say what is sent:
//
//   - think, say: a thought and a text.
//   - tool: the tool calls, each with name and input. An input's texts may be
//     literals over several lines.
//   - stop: the stop reason; by default tool_use with tools, else end_turn.
//   - usage: { input, output, cache_read, cache_write } in tokens; estimated
//     from the sizes by default.
//   - error, status, message: an error instead of a reply. error = "rate_limit_error"
//     or status = 429 is enough.
//   - retry_after (seconds), headers: more headers, also of replies that go well.
//   - delay, pace: durations before the reply and between the parts of a stream.
//   - broken: how the reply goes wrong half-way. "cut" closes the connection,
//     "hang" sends nothing more until the client goes away, "silent" sends
//     nothing at all until then, "garbage" sends nonsense, "error" an
//     overloaded_error in mid-stream.
//   - verbatim: true leaves {{ and }} in the step as they are.
//
// Keys of a step that say when it is played:
//
//   - when: plain text or /expression/ that must occur in what the agent sent
//     since the last reply: tool results and prompts. A step that does not fit
//     is passed over.
//   - else: true makes the step an alternative to the one before, which has a
//     when. It may have a when too. The first that fits is played, the others
//     are passed over.
//   - prompt: begins a new part of the session. A later prompt of the same
//     conversation that holds this text goes on from here; until then the
//     conversation ends before it. (A session that is told to wrap up.)
//   - times: how often it is played, 1 by default, as long as its when fits.
//     again = true is any number of times.
//
// A step is used up when it is chosen, also when its reply does not reach the
// client. A step for errors that agents meet with tries of their own may have
// again = true; a usage limit that Claude Code does not try again needs a long
// retry_after beside its headers. Claude Code also wants a file that exists
// to be read before it is written.
//
// A table [default] is one such reply for conversations that no session fits.
// Without it, and when a session's steps are used up, the model ends its turn
// with a text that says so.
//
// In all texts {{.Name}} stands for one of [Options].Values, and {{after `4h`}}
// for a moment in Unix seconds, counted from [Start]:
// "anthropic-ratelimit-unified-reset" = "{{after `4h`}}".
//
// # Which step a request gets
//
// A request without a reply of the model in it begins a conversation, which
// takes the first session that is free and fits. But when a conversation with
// the same first prompt has got nothing but errors and broken replies, the
// request is taken for its next try and gets its next step (but a step without
// end does not hold a client that names itself otherwise in metadata.user_id,
// as each session of Claude Code does). Later requests
// are known by the ids of the tool calls in them, else by their first prompt
// and the number of replies. A request without tools, or for one token, is a
// question aside (a title, a probe): it gets a short answer and consumes
// nothing. A request that the API would refuse, such as one with a tool call
// without its result, gets a 400 and consumes nothing.
package fakemodel

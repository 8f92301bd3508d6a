// Package claudecode lets the Claude Code program be the agent of a session.
//
// It drives the program as its SDK drives it: one JSON object per line in both
// directions, with the control protocol for start-up, hooks, permissions and
// interrupts. Every tool call is asked of [autosession.Hooks] before it
// happens, and whatever goes wrong on the way denies the call.
//
// It is not a general client of that protocol: it knows what a session needs,
// keeps everything else raw, and never fails because the program says
// something new. It does not choose who pays, confine anything or retry a
// session: it reports, and the engine decides.
//
// The way of one frame:
//
//	stdout ─> lineReader ─> frame ─┬─ control ─> wire ─> guard ─> Hooks
//	                               └─ message ─> turn, report ─> outbox ─> Emit
package claudecode

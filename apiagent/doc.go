// Package apiagent is an agent of our own: a loop over the Messages API with a
// small table of tools.
//
// It has two halves. The head is in this process: it holds the key and the
// conversation and talks to the API. The hands are one process inside the
// session's sandbox, started once for each conversation: they run the tools.
// The key never gets to the hands, and nothing that a model says runs here.
//
//	Open ── starts ──> hands (in the sandbox)
//	 Run ── request ─> API ── tool calls ─> Hooks.Before ─> hands ─> Hooks.After ─┐
//	            ^                                                                 │
//	            └──────────────── results, until the model is done ───────────────┘
//
// A conversation lives in memory: it cannot be resumed by another process. The
// package is not a client library of the API, and it judges no tool call.
package apiagent

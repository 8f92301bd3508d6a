// Package autosession runs a coding agent in sessions, one after another, on
// one project directory, until the project's feature list is done.
//
// It is the domain and the engine. It starts no process, opens no database and
// talks to no model: that is for the adapters beside it, which it knows by the
// interfaces [Agent], [Gate], [Sandbox], [Store] and [Repo] alone.
//
// # A tour
//
// [Detect] tells what kind of session is next: [Init] makes the feature list,
// [Continue] works on it. A [Session] is one conversation of an agent with its
// durable record: [Open], [Session.Run], [Session.Close]. A [Loop] runs session
// after session and asks [Next], which is pure, what to do between two of them:
// start, wait or stop, with a reason. [AutoContinue] is the delay between two
// sessions for those who write a loop of their own.
//
// How a session ended is an [Outcome], a value. An error means that something
// could not be done. What an agent says of a feature is a claim; the [Ledger]
// holds what our own [Checks] have shown. [Verify] runs them again, [Reset]
// forgets the ledger.
//
// # Wiring
//
// Four values make a [Config] work: an agent, a sandbox, a store and a look at
// the project's git. Without a gate every tool call is denied. dir is the
// project's absolute path; root is a directory outside of it.
//
//	state, err := autosession.StateDir(root, dir)
//	...
//	box, err := sandbox.NewBubblewrap(sandbox.Options{State: filepath.Join(state, "sandbox")})
//	...
//	store, err := sqlite.Open(ctx, filepath.Join(state, "state.db"))
//	...
//	repo, err := git.Open(git.Options{
//		Dir: dir, Store: filepath.Join(state, "checkpoints.git"),
//		Exclude: []string{autosession.ListFile, autosession.DefaultNotes},
//		Overlook: func() []string {
//			names, _ := box.StandIns(dir) // what the sandbox puts there is not the project's
//			return names
//		},
//	})
//	...
//	gate, err := policy.New(policy.Options{Project: dir, State: filepath.Dir(state)})
//	...
//	decision, err := autosession.Loop{Config: autosession.Config{
//		Dir: dir, State: state,
//		Agent: apiagent.FromEnvironment(), Model: "claude-sonnet-4-5-20250929",
//		Sandbox: box, Store: store, Repo: repo, Gate: gate,
//		Patience: autosession.Patience{ContinueDelay: 3 * time.Second},
//	}}.Run(ctx)
//
// What stands between a sandbox and us is our own program once more. So main,
// and TestMain of a test, call Init of sandbox before anything else.
//
// # Where things are
//
//	detect.go                  the kind of the next session
//	loop.go next.go            session after session; the decision between two
//	session.go converse.go     one session: open it, hold its conversation
//	close.go rescue.go         the nine steps that end it, and after a crash
//	ledger.go proof.go         what is true of the features, and how we know
//	rollback.go rewind.go      back to a checkpoint: its tree, and the ledger of then
//	hooks.go gate.go           what stands between an agent and its tools
//	agent.go sandbox.go        the seams: implement one to add an agent, ...
//	store.go repo.go
//
// docs/architecture.md is the map with one session followed from start to end;
// docs/lifecycle.md has the phases, steps and decisions.
package autosession

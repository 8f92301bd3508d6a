package autosession_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/sandbox"
)

// Detect the kind of the next session.
func ExampleDetect() {
	project, remove := exampleProject(greeter)
	defer remove()

	next, err := autosession.Detect(project.Dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	if next.Kind == autosession.Init {
		fmt.Println("a first session makes the feature list:", next.Reason)
	} else {
		fmt.Println("work goes on:", next.Reason)
	}
	// Output: a first session makes the feature list: there is no feature_list.json
}

// Open, run and close one session. An empty prompt is ours, for the kind of
// session that is next.
func ExampleOpen() {
	ctx := context.Background()
	project, remove := exampleProject(greeter)
	defer remove()

	session, err := autosession.Open(ctx, project)
	if err != nil {
		log.Fatal(err)
	}
	outcome, err := session.Run(ctx, "")
	if err := errors.Join(err, session.Close(ctx)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Record().Kind, outcome)
	// Output: init done
}

// Go on by yourself after a delay.
func ExampleAutoContinue() {
	ctx := context.Background()
	delay := time.Millisecond // 3 * time.Second for people, who may want to stop it
	if err := autosession.AutoContinue(ctx, delay); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the next session")

	ctx, stop := context.WithCancel(ctx)
	stop()
	fmt.Println(autosession.AutoContinue(ctx, time.Hour))
	// Output:
	// the next session
	// cannot continue: context canceled
}

// Run sessions until the project is done.
func ExampleLoop() {
	project, remove := exampleProject(greeter)
	defer remove()

	decision, err := autosession.Loop{Config: project}.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(decision.Action, decision.Reason, "-", decision.Detail)
	// Output: stop complete - 1 of 1 features are proven
}

// greeter is an agent that needs no model: it lists one feature, then builds
// it and claims it.
func greeter(t *autosessiontest.Turn) autosession.Outcome {
	const feature = `[{"id": "F1", "description": "says hello", "verify": "grep -q hello greeting", "passes": %t}]`
	if t.Task.Kind == autosession.Continue {
		t.Write("greeting", "hello")
	}
	t.Write("feature_list.json", fmt.Sprintf(feature, t.Task.Kind == autosession.Continue))
	return autosession.Outcome{Class: autosession.OutcomeDone}
}

// exampleProject makes a project with a spec, and wires what works on it: an
// agent, a sandbox, a store and a look at its git. remove removes it.
func exampleProject(play func(t *autosessiontest.Turn) autosession.Outcome) (project autosession.Config, remove func()) {
	base, err := os.MkdirTemp("", "autosession-example-")
	if err != nil {
		log.Fatal(err)
	}
	dir, state := filepath.Join(base, "project"), filepath.Join(base, "state")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, autosession.DefaultSpec), []byte("Build a greeting."), 0o644)); err != nil {
		log.Fatal(err)
	}
	box, err := sandbox.NewUnconfined(sandbox.Options{State: filepath.Join(state, "sandbox")})
	if err != nil {
		log.Fatal(err)
	}
	repo, err := git.Open(git.Options{Dir: dir, Store: filepath.Join(state, "checkpoints.git"), Exclude: []string{autosession.ListFile, autosession.DefaultNotes}})
	if err != nil {
		log.Fatal(err)
	}
	return autosession.Config{
			Dir: dir, State: state,
			Agent:   &autosessiontest.Agent{Play: play},
			Sandbox: box,
			Store:   autosessiontest.NewMemory(),
			Repo:    repo,
			Gate:    autosession.Fence{Dir: dir, State: state},
		}, func() {
			if err := errors.Join(repo.Close(), os.RemoveAll(base)); err != nil {
				log.Fatal(err)
			}
		}
}

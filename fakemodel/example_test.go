package fakemodel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/autosession/autosession/fakemodel"
)

// A played model asks for one command and reacts to its result.
func Example() {
	scenario, err := fakemodel.Parse([]byte(`
[[session]]
name  = "greet"
match = "greeting"

[[session.step]]
say  = "I run it."
tool = [{ name = "Bash", input = { command = "cd {{.Project}} && sh hello.sh" } }]

[[session.step]]
when = "hello"
say  = "It works."

[[session.step]]
else = true
say  = "It is broken."
`))
	if err != nil {
		log.Fatal(err)
	}
	server, err := fakemodel.Start(scenario, fakemodel.Options{Values: map[string]string{"Project": "/tmp/p"}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	// An agent would be started here, with server.URL() as its base URL.
	ctx, client, p := context.Background(), newClient(server), params(user("Try the greeting."))
	reply, err := ask(ctx, client, true, p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(said(reply), string(reply.Content[1].Input))

	p.Messages = append(p.Messages, reply.ToParam(), results(reply, "hello", false))
	reply, err = ask(ctx, client, true, p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(said(reply))
	fmt.Println("not played:", len(server.Unplayed()))
	// Output:
	// I run it. {"command":"cd /tmp/p && sh hello.sh"}
	// It works.
	// not played: 0
}

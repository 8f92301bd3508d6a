package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Where there are no namespaces a process reaches those that are restricted
// as it is. So a warden does not restrict itself, or its tree could kill it:
// it starts our own program once more, which restricts itself and then becomes
// the program.

// becomeEntry is the name of that in the register of our binary.
const becomeEntry = "become"

// becomeFD is its descriptor of a socket, for one order and one answer.
const becomeFD = 3

// become is what it is to do.
type become struct {
	Path     string   `json:"path"`
	Args     []string `json:"args"` // with the program's name
	Writable []string `json:"writable"`
	Readable []string `json:"readable"`
}

// stillborn is its answer when it could not. Otherwise there is none, and the
// socket ends.
type stillborn struct {
	Reason string `json:"reason"`
	Unfit  bool   `json:"unfit,omitempty"` // it is the program that cannot be executed
}

// startRestricted starts a program that is restricted from its first instruction.
func (l *launch) startRestricted(path string, args []string, attributes os.ProcAttr) (pid int, err error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return 0, err
	}
	defer ours.Close()
	defer theirs.Close()
	self, argv, err := ourCommand(becomeEntry)
	if err != nil {
		return 0, err
	}
	attributes.Files = append(attributes.Files, theirs)
	process, err := os.StartProcess(self, append([]string{self}, argv...), &attributes)
	if err != nil {
		return 0, fmt.Errorf("cannot start our own program: %v", bare(err))
	}
	defer process.Release()
	theirs.Close()
	order := become{path, append([]string{path}, args...), l.Writable, l.Readable}
	if err := json.NewEncoder(ours).Encode(order); err != nil {
		return 0, fmt.Errorf("cannot restrict a program: %v", err)
	}
	var answer stillborn
	switch err := json.NewDecoder(ours).Decode(&answer); {
	case errors.Is(err, io.EOF):
		return process.Pid, nil
	case err != nil:
		return 0, fmt.Errorf("cannot restrict a program: %v", err)
	case answer.Unfit:
		return 0, unfit(path, answer.Reason)
	}
	return 0, errors.New(answer.Reason)
}

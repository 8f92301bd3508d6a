// Package demo holds what `autosession demo` plays: the spec of a small real
// project, and the scenario by which a played model builds it in six sessions.
// On the way the model claims a feature that does not work, meets a rate
// limit, loses its connection for good and is refused a tool call.
//
// It runs nothing itself: the command starts a [fakemodel.Server] with the
// scenario and the engine with an agent that talks to it.
package demo

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/autosession/autosession/fakemodel"
)

// SpecFile is the name of the spec in the project.
const SpecFile = "app_spec.txt"

//go:embed app_spec.txt
var spec []byte

//go:embed scenario.toml
var scenario []byte

// Create makes the project in dir: a directory with nothing but the spec. dir
// must not exist or be an empty directory; its parents are made. All else is
// the work of the sessions.
func Create(dir string) error {
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return fmt.Errorf("cannot make the demo's project: %w", err)
		}
	case err != nil:
		return fmt.Errorf("cannot make the demo's project: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("cannot make the demo's project: %s is not empty; name a directory that is not there yet", dir)
	}
	if err := os.WriteFile(filepath.Join(dir, SpecFile), spec, 0o666); err != nil {
		return fmt.Errorf("cannot write the demo's spec: %w", err)
	}
	return nil
}

// Scenario returns what the model does. It needs the values of [Values], an
// agent that waits at least 2.5 s for a model that asks it to (retry_after),
// and one that gives up when every try is cut.
func Scenario() (fakemodel.Scenario, error) {
	return fakemodel.Parse(scenario)
}

// Values are what the scenario's texts name. dir is the project as the agent's
// tools know it, absolute.
func Values(dir string) map[string]string {
	return map[string]string{"Project": dir}
}

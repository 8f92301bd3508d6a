package autosession

import (
	"encoding/json"
	"testing"
)

// Records of checks were written with other names for the parts of an Exit.
func TestExitIsReadFromOldRecords(t *testing.T) {
	var run CheckRun
	if err := json.Unmarshal([]byte(`{"exit":{"Code":-1,"Signal":9}}`), &run); err != nil || run.Exit != (Exit{Code: -1, Signal: 9}) {
		t.Errorf("%+v: %v", run.Exit, err)
	}
	written, err := json.Marshal(Exit{Code: 3})
	if err != nil || string(written) != `{"code":3,"signal":0}` {
		t.Errorf("%s: %v", written, err)
	}
}

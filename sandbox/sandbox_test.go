package sandbox

import (
	"os"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/internal/reexec"
)

func TestMain(m *testing.M) {
	// A warden of a test that looks for races would take a second to end.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	reexec.Init()
	os.Exit(m.Run())
}

func TestUnconfined(t *testing.T) {
	autosessiontest.TestSandbox(t, func(t *testing.T, state string) autosession.Sandbox {
		u, err := NewUnconfined(Options{State: state, Pass: []string{"GORACE"}})
		if err != nil {
			t.Fatal(err)
		}
		return u
	})
}

func TestBubblewrap(t *testing.T) {
	autosessiontest.TestSandbox(t, func(t *testing.T, state string) autosession.Sandbox {
		b, err := NewBubblewrap(Options{State: state, Pass: []string{"GORACE"}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

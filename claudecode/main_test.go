package claudecode

import (
	"os"
	"testing"

	"github.com/autosession/autosession/internal/reexec"
)

func TestMain(m *testing.M) {
	reexec.Register("claude", playClaude)
	reexec.Init()
	os.Exit(m.Run())
}

package sandbox

import (
	"errors"
	"os"
)

// restrict fails: only Linux has such a layer.
func restrict([]string, []*os.File) error {
	return errors.New("cannot restrict a process on this system")
}

package autosessiontest_test

import (
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

func TestMemory(t *testing.T) {
	autosessiontest.TestStore(t, func(testing.TB) (autosession.Store, func() autosession.Store) {
		store := autosessiontest.NewMemory()
		return store, func() autosession.Store { return store }
	})
}

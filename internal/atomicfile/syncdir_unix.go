//go:build unix

package atomicfile

import (
	"errors"
	"os"
)

// SyncDir makes what was created, renamed and removed in a folder survive a loss of power.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Package atomicfile replaces small files as a whole. Whatever ends the process or the
// machine, a reader finds the old content or the new one, and never a part of either.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Suffix ends the name of the file that Write makes beside the one it replaces. A crash may
// leave it behind; the next Write of the same file removes it.
const Suffix = ".tmp"

// Write puts content into the file, in place of what was there. Nobody but the owner may
// read it. When Write returns nil the content survives a loss of power; with an error the
// file is as it was. The folder must be there, and one file must not be written by two at once.
func Write(path string, content []byte) error {
	temp := path + Suffix
	if err := Remove(temp); err != nil { // of a crash; its permissions may be any
		return err
	}
	if err := create(temp, content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(fmt.Errorf("replace %s: %w", path, err), os.Remove(temp))
	}
	return SyncDir(filepath.Dir(path))
}

// create makes a new file with the content; with an error there is none.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Remove removes a file, which need not be there.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package lastgood

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile puts a file in place as a whole or not at all, and makes it last.
func writeFile(path string, content []byte) (err error) {
	f, err := os.OpenFile(path+aside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+aside, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+aside))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

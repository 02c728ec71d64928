package contexts

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

const head = "# Written by trunklinectl login and trunklinectl context. It holds tokens: keep it to yourself.\n"

// Save writes the file so that only its owner can read it, as a whole or not at all.
func (f *File) Save() error {
	if f.path == "" {
		return errors.New("no directory for the contexts file: set $HOME, or $" + EnvFile)
	}
	var data bytes.Buffer
	data.WriteString(head)
	e := yaml.NewEncoder(&data)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	// CreateTemp makes it with 0600, in the same directory for the rename.
	temp, err := os.CreateTemp(filepath.Dir(f.path), ".contexts-*")
	if err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	_, err = temp.Write(data.Bytes())
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write the contexts: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}

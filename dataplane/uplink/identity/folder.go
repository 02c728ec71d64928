package identity

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

const (
	identityFile = "identity.pem"
	joiningFile  = "joining.key"
	secretFile   = "secret"
	revokedFile  = "revoked"

	secretSize = 32
	maxFile    = 64 << 10 // bounds a file before it is read, in bytes
)

// folder is where the files are; without a name nothing is kept and nothing is there.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) make() error {
	if f == "" {
		return nil
	}
	return os.MkdirAll(string(f), 0o700)
}

// read returns a file that nobody but its owner may read.
func (f folder) read(name string) ([]byte, error) {
	if f == "" {
		return nil, fs.ErrNotExist
	}
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); !info.Mode().IsRegular() || mode&0o077 != 0 {
		return nil, fmt.Errorf("%s is accessible by other users (mode %04o); run chmod 600 %s", f.path(name), mode, f.path(name))
	}
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// write puts a file in place as a whole or not at all, and makes it last.
func (f folder) write(name string, content []byte) error {
	if f == "" {
		return nil
	}
	return atomicfile.Write(f.path(name), content)
}

func (f folder) remove(name string) error {
	if f == "" {
		return nil
	}
	return atomicfile.Remove(f.path(name))
}

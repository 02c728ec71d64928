package body

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is how much is held in memory; more goes to a file.
const inMemory = 256 << 10

// TempFile holds bytes until they are read, perhaps several times: in memory while they are
// few, then in a temporary file without a name, which ends with the process at the latest.
type TempFile struct {
	dir  string // of the file; empty: the system's
	mem  []byte
	file *os.File
	size int64
}

// NewTempFile returns an empty one; dir is where its file would be, empty the system's
// directory for temporary files.
func NewTempFile(dir string) *TempFile { return &TempFile{dir: dir} }

// Size is how many bytes were written.
func (f *TempFile) Size() int64 { return f.size }

// Write appends.
func (f *TempFile) Write(b []byte) (int, error) {
	if f.file == nil && f.size+int64(len(b)) > inMemory {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	if f.file == nil {
		f.mem = append(f.mem, b...)
		f.size += int64(len(b))
		return len(b), nil
	}
	n, err := f.file.Write(b)
	f.size += int64(n)
	if err != nil {
		return n, &DiskError{err}
	}
	return n, nil
}

// open moves what is in memory to a file.
func (f *TempFile) open() error {
	file, err := os.CreateTemp(f.dir, "trunkline-body-*")
	if err != nil {
		return &DiskError{err}
	}
	f.file = file
	// Without a name nobody else can open it, and a crash leaves nothing behind. Systems
	// that refuse to remove an open file have it removed by Close.
	_ = os.Remove(file.Name())
	if _, err := file.Write(f.mem); err != nil {
		return &DiskError{err}
	}
	f.mem = nil
	return nil
}

// Section reads a part of what was written. Several may read at once.
func (f *TempFile) Section(from, to int64) io.Reader {
	if f.file != nil {
		return io.NewSectionReader(f.file, from, to-from)
	}
	return bytes.NewReader(f.mem[from:to])
}

// Each gives what was written to write, piece by piece.
func (f *TempFile) Each(write func([]byte) error) error {
	from := f.Section(0, f.size)
	buf := make([]byte, min(f.size, 32<<10))
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if err := write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &DiskError{err}
		}
	}
}

// Reset forgets what was written and removes the file; more may be written.
func (f *TempFile) Reset() {
	f.Close()
	*f = TempFile{dir: f.dir, mem: f.mem[:0]}
}

// Close removes the file. Readers that are left get an error.
func (f *TempFile) Close() {
	if f.file != nil {
		_ = f.file.Close()
		_ = os.Remove(f.file.Name()) // gone already where open files can be removed
	}
}

// DiskError is a failure of the disk, not of the client.
type DiskError struct{ err error }

// Error says what failed, for the log.
func (e *DiskError) Error() string { return fmt.Sprintf("hold bytes in a temporary file: %v", e.err) }

// Unwrap gives the cause.
func (e *DiskError) Unwrap() error { return e.err }

package proxy

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a form is held in memory; more goes to a file.
const spoolMemory = 256 << 10

// spool holds the bytes of one form, to be read by each attempt: in memory while they are
// few, then in a temporary file without a name, which ends with the process at the latest.
type spool struct {
	dir  string // of the file; empty: the system's
	mem  []byte
	file *os.File
	size int64
}

// Write appends.
func (s *spool) Write(b []byte) (int, error) {
	if s.file == nil && s.size+int64(len(b)) > spoolMemory {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	if s.file == nil {
		s.mem = append(s.mem, b...)
		s.size += int64(len(b))
		return len(b), nil
	}
	n, err := s.file.Write(b)
	s.size += int64(n)
	if err != nil {
		return n, &spoolError{err}
	}
	return n, nil
}

// open moves what is in memory to a file.
func (s *spool) open() error {
	file, err := os.CreateTemp(s.dir, "trunkline-form-*")
	if err != nil {
		return &spoolError{err}
	}
	s.file = file
	// Without a name nobody else can open it, and a crash leaves nothing behind. Systems
	// that refuse to remove an open file have it removed by close.
	_ = os.Remove(file.Name())
	if _, err := file.Write(s.mem); err != nil {
		return &spoolError{err}
	}
	s.mem = nil
	return nil
}

// section reads a part of what was written. Several may read at once.
func (s *spool) section(from, to int64) io.Reader {
	if s.file != nil {
		return io.NewSectionReader(s.file, from, to-from)
	}
	return bytes.NewReader(s.mem[from:to])
}

// close removes the file. Readers that are left get an error.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name()) // gone already where open files can be removed
	}
}

// spoolError is a failure of the disk, not of the client.
type spoolError struct{ err error }

// Error says what failed, for the log.
func (e *spoolError) Error() string { return fmt.Sprintf("spool a form: %v", e.err) }

// Unwrap gives the cause.
func (e *spoolError) Unwrap() error { return e.err }

package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

// cursorSize is that of the four numbers of a mark and their checksum: less than a disk
// writes at once, so that it is overwritten in place, which a full disk allows too.
const (
	cursorNumbers = 4 * 8
	cursorSize    = cursorNumbers + 4
)

// mark is what the cursor file holds.
type mark struct {
	Position
	end uint64 // behind the last record of the segment; 0 while records may be added to it
}

// cursor is the file that tells what is acknowledged. One that is damaged tells nothing:
// everything is read again.
type cursor struct {
	mu   sync.Mutex // guards the file
	file *os.File
}

func openCursor(path string) (*cursor, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &cursor{file: f}, nil
}

// load returns the mark that was saved last; ok is false when there is none.
func (c *cursor) load() (m mark, ok bool) {
	b := make([]byte, cursorSize)
	if _, err := c.file.ReadAt(b, 0); err != nil {
		return m, false
	}
	if crc32.Checksum(b[:cursorNumbers], castagnoli) != binary.LittleEndian.Uint32(b[cursorNumbers:]) {
		return m, false
	}
	m.segment = binary.LittleEndian.Uint64(b)
	m.offset = int64(binary.LittleEndian.Uint64(b[8:]))
	m.number = binary.LittleEndian.Uint64(b[16:])
	m.end = binary.LittleEndian.Uint64(b[24:])
	return m, m.offset >= 0 && m.segment > 0
}

// save notes a mark. It survives the end of the process; to survive a loss of power, too,
// it must be last.
func (c *cursor) save(m mark, last bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := binary.LittleEndian.AppendUint64(nil, m.segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.offset))
	b = binary.LittleEndian.AppendUint64(b, m.number)
	b = binary.LittleEndian.AppendUint64(b, m.end)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := c.file.WriteAt(b, 0)
	if err == nil && last {
		err = c.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("save the cursor: %w", err)
	}
	return nil
}

func (c *cursor) close() error { return errors.Join(c.file.Sync(), c.file.Close()) }

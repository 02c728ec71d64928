package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

// cursorSize is that of the three numbers of a position and their checksum: less than a
// disk writes at once, so that it is overwritten in place, which a full disk allows too.
const cursorSize = 3*8 + 4

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

// load returns the position that was saved last; ok is false when there is none.
func (c *cursor) load() (p Position, ok bool) {
	b := make([]byte, cursorSize)
	if _, err := c.file.ReadAt(b, 0); err != nil {
		return p, false
	}
	if crc32.Checksum(b[:24], castagnoli) != binary.LittleEndian.Uint32(b[24:]) {
		return p, false
	}
	p.segment = binary.LittleEndian.Uint64(b)
	p.offset = int64(binary.LittleEndian.Uint64(b[8:]))
	p.number = binary.LittleEndian.Uint64(b[16:])
	return p, p.offset >= 0 && p.segment > 0
}

// save notes a position. It survives the end of the process; to survive a loss of power,
// too, it must be last.
func (c *cursor) save(p Position, last bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := binary.LittleEndian.AppendUint64(nil, p.segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(p.offset))
	b = binary.LittleEndian.AppendUint64(b, p.number)
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

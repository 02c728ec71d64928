package overflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

const (
	fileMagic  = "TLovfl1\n"
	headerSize = len(fileMagic) + 8 + 4 + 4 // magic, number, length, checksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// file holds the totals twice: a new state overwrites the older of the two, so that one is
// whole whenever a write is cut off. It never grows, so a full disk does not matter to it.
// It is used by one goroutine at a time.
type file struct {
	path       string
	bytes      int64
	retryAfter time.Duration
	now        func() time.Time
	log        *slog.Logger

	file    *os.File // nil while it cannot be opened
	number  uint64   // of the state that was written last
	retryAt time.Time
	failing bool
}

var errNotYet = errors.New("the disk failed recently")

// load opens the file and returns the newest state that is whole; an empty one when there
// is none.
func (f *file) load() *nodefilev1.OverflowTotals {
	state := &nodefilev1.OverflowTotals{}
	if err := f.use(); err != nil {
		f.tell(err)
		return state
	}
	for slot := range int64(2) {
		found, number, err := f.read(slot)
		if err != nil {
			f.log.Warn("one copy of the totals of unrecorded calls is damaged; using the other", "file", f.path, "error", err)
			continue
		}
		if found != nil && number > f.number {
			state, f.number = found, number
		}
	}
	return state
}

// use opens the file and reserves its space.
func (f *file) use() error {
	if f.file != nil {
		return nil
	}
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := reserveSpace(file, f.bytes); err != nil {
		// What is there may be enough; if not, a write says so.
		f.log.Warn("failed to reserve disk space for totals of unrecorded calls", "file", f.path, "bytes", f.bytes, "error", err)
	}
	f.file = file
	return nil
}

// read reads one of the two states; nil when there never was one.
func (f *file) read(slot int64) (*nodefilev1.OverflowTotals, uint64, error) {
	header := make([]byte, headerSize)
	if _, err := f.file.ReadAt(header, slot*f.bytes/2); err != nil {
		if err == io.EOF {
			return nil, 0, nil
		}
		return nil, 0, err
	}
	rest := header[len(fileMagic):]
	if string(header[:len(fileMagic)]) != fileMagic {
		if string(header) == string(make([]byte, headerSize)) {
			return nil, 0, nil
		}
		return nil, 0, errors.New("it does not begin as it should")
	}
	number, length, sum := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint32(rest[8:]), binary.LittleEndian.Uint32(rest[12:])
	if int64(length) > f.bytes/2-int64(headerSize) {
		return nil, 0, fmt.Errorf("its length cannot be %d bytes", length)
	}
	raw := make([]byte, length)
	if _, err := f.file.ReadAt(raw, slot*f.bytes/2+int64(headerSize)); err != nil {
		return nil, 0, err
	}
	if checksum(number, raw) != sum {
		return nil, 0, errors.New("its checksum is wrong")
	}
	state := &nodefilev1.OverflowTotals{}
	return state, number, proto.Unmarshal(raw, state)
}

func checksum(number uint64, raw []byte) uint32 {
	return crc32.Update(crc32.Checksum(binary.LittleEndian.AppendUint64(nil, number), castagnoli), castagnoli, raw)
}

// save writes a state. It survives a loss of power when save returns nil.
func (f *file) save(state *nodefilev1.OverflowTotals) error {
	if f.failing && f.now().Before(f.retryAt) {
		return errNotYet
	}
	err := f.write(state)
	f.tell(err)
	return err
}

func (f *file) write(state *nodefilev1.OverflowTotals) error {
	if err := f.use(); err != nil {
		return err
	}
	raw, err := proto.Marshal(state)
	if err != nil {
		return err
	}
	if int64(len(raw)+headerSize) > f.bytes/2 {
		return fmt.Errorf("totals of unrecorded calls need %d bytes, but there is space for %d", len(raw), f.bytes/2)
	}
	number := f.number + 1
	b := append(make([]byte, 0, headerSize+len(raw)), fileMagic...)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(raw)))
	b = binary.LittleEndian.AppendUint32(b, checksum(number, raw))
	b = append(b, raw...)
	// A state that may be cut off is never the newest: the next one overwrites it.
	if _, err := f.file.WriteAt(b, int64(number%2)*f.bytes/2); err != nil {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	f.number = number
	return nil
}

// tell logs when the disk begins and ceases to fail.
func (f *file) tell(err error) {
	if err != nil {
		f.retryAt = f.now().Add(f.retryAfter)
	}
	switch {
	case err != nil && !f.failing:
		f.log.Error("failed to write totals of unrecorded calls to disk; keeping them in memory", "file", f.path, "error", err)
	case err == nil && f.failing:
		f.log.Info("totals of unrecorded calls are written to disk again", "file", f.path)
	}
	f.failing = err != nil
}

func (f *file) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

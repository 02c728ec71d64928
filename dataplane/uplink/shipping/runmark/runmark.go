// Package runmark tells a process what became of the one before it in the same folder: whether that
// was stopped, or ended in some other way, and up to when its call records are complete. It also
// keeps the newest receipt that the control plane gave for records.
//
// The mark is one short line that is written over again and again, so it needs no space on a disk
// that is full. A crash leaves the line of a second ago; a loss of power may leave an older one,
// which says less and nothing wrong.
package runmark

import (
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	running = "running"
	stopped = "stopped"
	format  = "%s %020d %020d %020d" // how it ended, records complete until, number and time of the receipt
)

// Config says where the mark is.
type Config struct {
	Path   string           // required; in a folder that no other process uses
	Logger *slog.Logger     // required
	Now    func() time.Time // default time.Now
}

// Mark is the mark of this process. It is safe for concurrent use.
type Mark struct {
	cfg     Config
	crashed time.Time // see Crashed

	mu       sync.Mutex // guards the fields below; held over a write, which no request waits for
	file     *os.File
	complete int64 // microseconds
	receipt  receipt
	failing  bool
}

type receipt struct {
	number   uint64
	storedUS int64
}

// Open reads the mark of the process before and puts that of this one in its place.
func Open(cfg Config) (*Mark, error) {
	if cfg.Path == "" || cfg.Logger == nil {
		return nil, errors.New("run mark: Path and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Mark{cfg: cfg}
	before, err := os.ReadFile(cfg.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("run mark: %w", err)
	default:
		m.takeOver(string(before))
	}
	if m.file, err = os.OpenFile(cfg.Path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("run mark: %w", err)
	}
	m.complete = cfg.Now().UnixMicro()
	err = m.write(running)
	if err == nil {
		err = errors.Join(m.file.Sync(), atomicfile.SyncDir(filepath.Dir(cfg.Path)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run mark: %w", err), m.file.Close())
	}
	return m, nil
}

// takeOver learns from the line of the process before. One that cannot be read is that of a process
// that did not end well, at a time that only the file can tell.
func (m *Mark) takeOver(line string) {
	var how string
	var complete int64
	var got receipt
	var sum uint32
	text := line[:max(len(line)-len(" 00000000\n"), 0)]
	_, err := fmt.Sscanf(line, format+" %08x", &how, &complete, &got.number, &got.storedUS, &sum)
	if err != nil || crc32.ChecksumIEEE([]byte(text)) != sum {
		m.crashed = m.cfg.Now()
		if info, err := os.Stat(m.cfg.Path); err == nil && info.ModTime().Before(m.crashed) {
			m.crashed = info.ModTime()
		}
		return
	}
	m.receipt = got
	if how != stopped {
		m.crashed = time.UnixMicro(complete)
	}
}

// Crashed is up to when the records of the process before are complete, if it was not stopped; else
// the zero time.
func (m *Mark) Crashed() time.Time { return m.crashed }

// Complete says that every call that ended before t has a record on disk, or in a sum.
func (m *Mark) Complete(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.complete = max(m.complete, t.UnixMicro())
	m.tell(m.write(running))
}

// Receipt is the newest receipt of the control plane; nil while there is none.
func (m *Mark) Receipt() *nodev1.Receipt {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.receipt.number == 0 {
		return nil
	}
	return &nodev1.Receipt{Number: m.receipt.number, StoredUs: m.receipt.storedUS}
}

// Keep keeps a receipt; the next Complete, or Close, writes it.
func (m *Mark) Keep(r *nodev1.Receipt) {
	if r == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.receipt = receipt{r.GetNumber(), r.GetStoredUs()}
}

// Close says that the process was stopped, and that its records are complete.
func (m *Mark) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.complete = max(m.complete, m.cfg.Now().UnixMicro())
	return errors.Join(m.write(stopped), m.file.Sync(), m.file.Close())
}

// write writes the line. The caller holds mu.
func (m *Mark) write(how string) error {
	text := fmt.Sprintf(format, how, max(m.complete, 0), m.receipt.number, max(m.receipt.storedUS, 0))
	_, err := m.file.WriteAt(fmt.Appendf(nil, "%s %08x\n", text, crc32.ChecksumIEEE([]byte(text))), 0)
	return err
}

// tell logs when the mark cannot be written, and when it can again. The caller holds mu.
func (m *Mark) tell(err error) {
	if err != nil && !m.failing {
		m.cfg.Logger.Warn("failed to write the run marker; after a crash the gap in the records would seem longer than it was", "path", m.cfg.Path, "error", err)
	}
	m.failing = err != nil
}

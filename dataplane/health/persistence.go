package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

const (
	// saveEvery is how often a Persistence writes at most.
	saveEvery = time.Second
	// maxFile bounds what is read from the file, in bytes.
	maxFile = 16 << 20
)

// Persistence keeps the cooldowns of a Memory in a file, so that a node that starts again skips
// what it skipped before, for the time that is left. What the file says of the past, such
// as failures within a window, is nothing: only cooldowns are kept.
type Persistence struct {
	path    string
	store   *Memory
	log     *slog.Logger
	changed chan struct{}
	failing bool // the last write failed; Run's alone
}

// NewPersistence makes one that does nothing until it is told to. The file's folder is made
// when it is needed.
func NewPersistence(path string, store *Memory, log *slog.Logger) *Persistence {
	return &Persistence{path: path, store: store, log: log, changed: make(chan struct{}, 1)}
}

// Load brings back the cooldowns of the file, if there is one. A file that cannot be read
// is told to the log and is otherwise as good as none. Call it before the store is used.
func (k *Persistence) Load() {
	file, err := readFile(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		k.log.Warn("failed to load cooldowns; starting without them", "path", k.path, "error", err)
	default:
		if n := k.store.restore(file); n > 0 {
			k.log.Info("cooldowns loaded", "count", n)
		}
	}
}

// Changed says that there may be something to write. It never blocks.
func (k *Persistence) Changed() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// Run writes the file after each change, at most once a second, and when ctx ends. A file
// that cannot be written is told to the log once, and tried again with the next change.
func (k *Persistence) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			k.save()
			return nil
		case <-k.changed:
			k.save()
		}
		select {
		case <-ctx.Done():
		case <-time.After(saveEvery):
		}
	}
}

func (k *Persistence) save() {
	err := writeFile(k.path, k.store.saved())
	switch {
	case err != nil && !k.failing:
		k.log.Warn("failed to save cooldowns; a restart would lose them", "path", k.path, "error", err)
	case err == nil && k.failing:
		k.log.Info("cooldowns are saved again", "path", k.path)
	}
	k.failing = err != nil
}

// savedFile is the file's content.
type savedFile struct {
	Version   int             `json:"version"` // 1
	SavedAt   time.Time       `json:"saved_at"`
	Epoch     string          `json:"epoch,omitempty"` // of the Redis that was shared
	Cooldowns []savedCooldown `json:"cooldowns"`
}

// savedCooldown is one open or half-open scope.
type savedCooldown struct {
	Scope       string    `json:"scope"`
	Until       time.Time `json:"until"`
	Fades       time.Time `json:"fades"`
	EarlyAt     time.Time `json:"early_at"`
	Level       int       `json:"level"`
	Openings    int       `json:"openings"`
	Threshold   int       `json:"threshold"`
	ProbeFailed bool      `json:"probe_failed,omitempty"`
	Early       bool      `json:"early,omitempty"`
	Shared      bool      `json:"shared,omitempty"`
	Reason      string    `json:"reason"`
}

func readFile(path string) (savedFile, error) {
	var f savedFile
	info, err := os.Stat(path)
	if err != nil {
		return f, err
	}
	if info.Size() > maxFile {
		return f, fmt.Errorf("it has %d bytes, more than %d", info.Size(), maxFile)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("decode: %w", err)
	}
	if f.Version != 1 {
		return f, fmt.Errorf("version %d is not known", f.Version)
	}
	return f, nil
}

// writeFile replaces the file as a whole: a crash leaves the old one or the new one.
func writeFile(path string, f savedFile) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, raw)
}

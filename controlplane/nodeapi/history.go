package nodeapi

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// historyTime bounds a look at the database. Without an answer a snapshot is sent unchecked: it
	// is of the configuration that this replica has in memory.
	historyTime = time.Second
	// maxHistories is how many are remembered.
	maxHistories = 4096
)

// histories remembers hashes of revisions, which never change while a process runs.
type histories struct {
	read History // nil: there is none
	log  *slog.Logger

	mu    sync.Mutex
	known map[uint64][]byte // guarded by mu
}

func newHistories(read History, log *slog.Logger) *histories {
	return &histories{read: read, log: log, known: map[uint64][]byte{}}
}

// of is the hash of a revision; empty when the database does not have it, or does not answer.
func (h *histories) of(ctx context.Context, revision uint64) []byte {
	if h == nil || h.read == nil || revision == 0 {
		return nil
	}
	h.mu.Lock()
	hash := h.known[revision]
	h.mu.Unlock()
	if hash != nil {
		return hash
	}
	ctx, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	hash, err := h.read(ctx, revision)
	if err != nil {
		h.log.Warn("failed to read the configuration history; sending a node a snapshot unchecked", "revision", revision, "error", err)
		return nil
	}
	if len(hash) == 0 {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.known) >= maxHistories {
		clear(h.known)
	}
	h.known[revision] = hash
	return hash
}

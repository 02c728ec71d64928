package audit

import (
	"context"
	"time"
)

// Head is the state of the chain.
type Head struct {
	Sequence int64 // of the last event; 0 before the first
	Hash     Hash
	// Anchor is the last event that retention has removed: the chain begins behind it.
	AnchorSequence int64
	AnchorHash     Hash
}

// Filter says which events are meant. An empty field does not filter.
type Filter struct {
	Actor, Action, Outcome string
	Target                 string // Kind/name, or the name alone
	From, To               time.Time
	Sequence               int64 // of the one that is meant
	Before                 int64 // sequence; for newest first
	After                  int64 // sequence; for oldest first
	Limit                  int
}

// Store keeps the log.
type Store interface {
	// AppendEvent adds an event in a transaction of its own.
	AppendEvent(ctx context.Context, e Event) error
	// NewestEvents lists events, newest first.
	NewestEvents(ctx context.Context, f Filter) ([]Event, error)
	// OldestEvents lists them from the oldest on.
	OldestEvents(ctx context.Context, f Filter) ([]Event, error)
	// AuditHead is how far the chain goes.
	AuditHead(ctx context.Context) (Head, error)
	// RemoveEvents removes at most limit events from before t, the oldest, and keeps the hash of the last of
	// them as the anchor. An event says so, in the same transaction. It returns how many it removed.
	RemoveEvents(ctx context.Context, t time.Time, limit int) (int, error)
}

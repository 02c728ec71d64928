package audit

import (
	"context"
	"sync"
)

// Entry is the event of what goes on in a context, until it is written. The store writes it in the transaction
// of the change that it is about; what changes nothing in the database is written by a Recorder. All methods
// may be called on nil, which is no event. It is safe for concurrent use.
type Entry struct {
	mu      sync.Mutex
	event   Event // guarded by mu
	written bool  // guarded by mu
}

type entryKey struct{}

// Begin says what goes on in the context from here.
func Begin(ctx context.Context, e Event) (context.Context, *Entry) {
	entry := &Entry{event: e}
	return context.WithValue(ctx, entryKey{}, entry), entry
}

// Without is a context for what belongs to no event.
func Without(ctx context.Context) context.Context {
	return context.WithValue(ctx, entryKey{}, (*Entry)(nil))
}

// From is the entry of a context; nil when there is none.
func From(ctx context.Context) *Entry {
	entry, _ := ctx.Value(entryKey{}).(*Entry)
	return entry
}

// Amend adds to the event what is learned of it. Once it is written it stays as it is.
func (e *Entry) Amend(change func(*Event)) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.written {
		change(&e.event)
	}
}

// Pending is the event, unless it is written or there is none.
func (e *Entry) Pending() (Event, bool) {
	if e == nil {
		return Event{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.event, !e.written
}

// Written notes that the event is in the log.
func (e *Entry) Written() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.written = true
}

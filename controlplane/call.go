package controlplane

import (
	"context"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Call is a stored call: the record a node shipped, and the node's name.
type Call struct {
	Node string
	*nodev1.Call
}

// CallFilter selects calls; a zero field does not filter.
type CallFilter struct {
	Group    string
	Provider string // answered or failed the call: any of its attempts
	APIKey   string
	Outcome  string
	Status   int
	From     time.Time // arrived at or after
	To       time.Time // arrived before
	// After continues behind the call at this position; zero starts at the newest.
	After CallPosition
	Limit int
}

// CallPosition is a call's place in the list: newest first, the id breaks ties.
type CallPosition struct {
	StartUS int64
	ID      string
}

// CallStore keeps the calls.
type CallStore interface {
	// InsertCalls stores calls that are not stored yet, in one transaction, and returns
	// how many were new. A call that the database refuses by itself is put aside and
	// returned as rejected; the others are stored.
	InsertCalls(ctx context.Context, node string, calls []*nodev1.Call) (stored int, rejected []*nodev1.RejectedCall, err error)
	// ListCalls returns at most Limit calls, newest first.
	ListCalls(ctx context.Context, f CallFilter) ([]Call, error)
	// GetCall returns one call, whatever its age.
	GetCall(ctx context.Context, id string) (Call, error)
	// KeepCalls makes room for the calls of the days to come and drops what it can of those
	// from before t at once. It returns the time before which DeleteCallsBefore has to
	// delete what is left: t or earlier.
	KeepCalls(ctx context.Context, t time.Time) (time.Time, error)
	// DeleteCallsBefore deletes at most limit calls that arrived before t and returns how many.
	DeleteCallsBefore(ctx context.Context, t time.Time, limit int) (int, error)
}

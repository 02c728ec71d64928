package calllog

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Call is a stored call: the record a node shipped, and the node's name.
type Call struct {
	Node string
	*nodev1.Call
}

// Filter selects calls; a zero field does not filter.
type Filter struct {
	ID             string
	Group          string
	Provider       string // answered or failed the call: any of its attempts
	Model          string // upstream model that answered
	APIKey         string
	Node           string
	Outcome        string
	Status         int
	Stream         *bool         // asked for as a stream, or not; nil: either
	MinDuration    time.Duration // took at least so long
	Failed         bool          // did not end ok
	FailedOver     bool          // took more than one attempt
	AttemptOutcome string        // an attempt ended so; with Provider, one on it
	MinCost        int64         // cost at least so much, in pico-USD
	From           time.Time     // arrived at or after
	To             time.Time     // arrived before
	// ClientRequestID is one of the two ids under which the client knows the call.
	ClientRequestID string
	TraceID         string // of the distributed trace
	User            string // whom the client asks for
	Metadata        string // a key, or key=value
	// After continues behind the call at this position; zero starts at the newest.
	After Position
	Limit int
}

// Position is a call's place in the list: newest first, the id breaks ties.
type Position struct {
	StartUS int64
	ID      string
}

// Before reports whether p comes later in the list than o: it is older.
func (p Position) Before(o Position) bool {
	return p.StartUS < o.StartUS || p.StartUS == o.StartUS && p.ID < o.ID
}

// Position is the call's place in the list.
func (c Call) Position() Position { return Position{StartUS: c.GetStartUs(), ID: c.GetId()} }

// Matches reports whether a call passes the filter, its position and limit apart.
func (f Filter) Matches(c Call) bool {
	for _, text := range []struct{ want, have string }{
		{f.ID, c.GetId()}, {f.Group, c.GetGroup()}, {f.Model, c.GetUpstreamModel()}, {f.APIKey, c.GetApiKey()},
		{f.Node, c.Node}, {f.Outcome, c.GetOutcome()}, {f.User, c.GetUser()}, {f.TraceID, c.GetTraceId()},
	} {
		if text.want != "" && text.want != text.have {
			return false
		}
	}
	at := time.UnixMicro(c.GetStartUs())
	switch {
	case f.ClientRequestID != "" && f.ClientRequestID != c.GetClientRequestId() && f.ClientRequestID != c.GetIncomingRequestId():
		return false
	case f.Metadata != "":
		pair, key := MetadataSearch(f.Metadata)
		if all := MetadataText(c.GetMetadata()); !strings.Contains(all, pair) && !strings.Contains(all, key) {
			return false
		}
	}
	switch {
	case f.Status != 0 && int32(f.Status) != c.GetStatus(),
		f.Stream != nil && *f.Stream != c.GetStream(),
		c.GetDurationUs() < f.MinDuration.Microseconds(),
		f.Failed && c.GetOutcome() == usage.OutcomeOK,
		f.FailedOver && len(c.GetAttempts()) < 2,
		f.MinCost > 0 && c.GetCost() < f.MinCost,
		!f.From.IsZero() && at.Before(f.From),
		!f.To.IsZero() && !at.Before(f.To):
		return false
	}
	if f.AttemptOutcome == "" && (f.Provider == "" || f.Provider == c.GetProvider()) {
		return true
	}
	return slices.ContainsFunc(c.GetAttempts(), func(a *nodev1.Attempt) bool {
		return (f.Provider == "" || a.GetProvider() == f.Provider) && (f.AttemptOutcome == "" || a.GetOutcome() == f.AttemptOutcome)
	})
}

// ByClient reports whether the filter asks for what clients said of their calls.
func (f Filter) ByClient() bool {
	return f.ClientRequestID != "" || f.TraceID != "" || f.User != "" || f.Metadata != ""
}

// unit separates what MetadataText lists. No stored text holds it.
const unit = "\x1f"

// MetadataText is metadata as it is searched.
func MetadataText(metadata map[string]string) string {
	if len(metadata) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(unit)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		b.WriteString(key + "=" + metadata[key] + unit)
	}
	return b.String()
}

// MetadataSearch gives what MetadataText holds, one or the other, where there is a key, or key=value.
func MetadataSearch(want string) (pair, key string) { return unit + want + unit, unit + want + "=" }

// Store keeps the calls.
type Store interface {
	// InsertCalls stores calls that are not stored yet, in one transaction, and returns
	// how many were new. A call that the database refuses by itself is put aside and
	// returned as rejected; the others are stored.
	InsertCalls(ctx context.Context, node string, calls []*nodev1.Call) (stored int, rejected []*nodev1.RejectedCall, err error)
	// ListCalls returns at most Limit calls, newest first.
	ListCalls(ctx context.Context, f Filter) ([]Call, error)
	// SearchCalls is ListCalls that looks at calls for about so long. When that is not enough it returns those that it
	// found, and the time down to which it has looked at every call: go on behind a Position with that start
	// and no id. Zero: it has looked at all, or found as many as were asked for.
	SearchCalls(ctx context.Context, f Filter, within time.Duration) (found []Call, back time.Time, err error)
	// RecentCalls returns calls in the order in which they were stored, by any replica, at
	// since or later: at most limit, the latest of them, and how many came before those.
	RecentCalls(ctx context.Context, f Filter, since time.Time, limit int) (calls []Call, skipped int, err error)
	// GetCall returns one call, whatever its age.
	GetCall(ctx context.Context, id string) (Call, error)
	// KeepCalls makes room for the calls of the days to come and drops what it can of those
	// from before t at once. What is left before t is for DeleteCallsBefore.
	KeepCalls(ctx context.Context, t time.Time) error
	// DeleteCallsBefore deletes at most limit calls that arrived before t and returns how many.
	DeleteCallsBefore(ctx context.Context, t time.Time, limit int) (int, error)
	// DeleteLimit is how many calls to delete at once, so that others are not held up.
	DeleteLimit() int
}

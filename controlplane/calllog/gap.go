package calllog

import (
	"context"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Gap is a time of which a node has no records of some calls, and the node's name.
type Gap struct {
	Node string
	*nodev1.Gap
}

// The reasons of gaps of which nobody knows how many calls they are.
const (
	GapKilled           = "killed"            // a node says so: the process before was not stopped
	GapDatabaseRestored = "database_restored" // the control plane does, by the receipts of a node
)

// CallsUnknown reports whether nobody knows how many calls have no record.
func (g Gap) CallsUnknown() bool {
	return g.GetReason() == GapKilled || g.GetReason() == GapDatabaseRestored
}

// Refused is a record that a node sent and that could not be stored: it is put aside, with
// the reason, so that nothing disappears without a trace.
type Refused struct {
	ID     string // as the node sent it, as far as it can be shown
	Kind   RefusedKind
	Node   string
	At     time.Time
	Reason string
	Record []byte // the message itself
}

// RefusedKind is what a refused record is.
type RefusedKind string

// The kinds of refused records.
const (
	RefusedCall  RefusedKind = "call"
	RefusedTotal RefusedKind = "total"
	RefusedGap   RefusedKind = "gap"
)

// GapFilter selects gaps by their end; a zero field does not filter.
type GapFilter struct {
	Node     string
	From, To time.Time
	// After continues behind the gap that ends at this position; zero starts at the newest.
	After Position
	Limit int
}

// GapStore keeps sums that nodes made of calls they could not keep.
type GapStore interface {
	// InsertTotals stores totals that are not stored yet, adds them to the sums of usage,
	// and stores gaps, all in one transaction. What the database refuses by itself is
	// returned as rejected; the rest is stored.
	InsertTotals(ctx context.Context, node string, totals []*nodev1.Total, gaps []*nodev1.Gap) (rejected []*nodev1.RejectedCall, err error)
	// Receipt says what was stored of a node last. When the node has a newer receipt, the database
	// was set back since: the gap that leaves is stored, and the node's counts from now on.
	Receipt(ctx context.Context, node string, newest *nodev1.Receipt) (receipt *nodev1.Receipt, gap *nodev1.Gap, err error)
	// ListGaps returns at most Limit gaps, the newest end first.
	ListGaps(ctx context.Context, f GapFilter) ([]Gap, error)
	// PutAside keeps refused records, each once.
	PutAside(ctx context.Context, records []Refused) error
	// ListRefused returns at most limit refused records from before a position, newest first.
	ListRefused(ctx context.Context, after Position, limit int) ([]Refused, error)
	// DeleteTotalsBefore deletes totals, gaps and refused records from before t, at most
	// limit of each, and reports whether there is more to delete. It does not touch usage.
	DeleteTotalsBefore(ctx context.Context, t time.Time, limit int) (more bool, err error)
}

package fleet

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Line is what one control-plane replica knows of one node.
type Line struct {
	Node    *adminv1.Node
	Replica string // that holds, or held, the node's stream
	// BootID and Opened name the stream: Opened is the node's own uptime when it opened it,
	// in milliseconds, so that of two streams of one start the later one is known.
	BootID string
	Opened int64
	Seen   time.Time
	// DrainBoot is the start of the node for which draining is ordered; empty: none.
	// Only OrderDrain writes it.
	DrainBoot string
	// Change grows with each change that its replica made. It is not stored.
	Change uint64
}

// SameStream reports whether two lines are of one stream.
func (l Line) SameStream(other Line) bool {
	return l.Replica == other.Replica && l.BootID == other.BootID && l.Opened == other.Opened
}

// Draining reports whether the node, as it runs now, is to get no new clients.
func (l Line) Draining() bool { return l.DrainBoot != "" && l.DrainBoot == l.BootID }

// Replica is one control-plane process.
type Replica struct {
	ID   string
	Beat int64     // grows while it lives
	Seen time.Time // when it wrote last, by its own clock
	// MasterKeys are the ids of the master keys that it was given.
	MasterKeys []string
}

// What a replica can be ordered to do with a node that is connected to it.
const (
	OrderResetCooldown = "reset-cooldown"
	OrderEnd           = "end"
)

// Order is for the replica that a node is connected to, to be carried out once.
type Order struct {
	ID        string
	Node      string
	Kind      string // one of the Order constants
	ExpiresAt time.Time
	TakenBy   string // the replica that has carried it out; empty: none yet

	// Of OrderResetCooldown.
	Provider, Model, Credential string
	// Of OrderEnd: what the node is told.
	Reason string
}

// Report is what a replica has to say.
type Report struct {
	Replica    string
	MasterKeys []string // ids of those that it was given
	At         time.Time
	// Opened are lines of streams that are new: they take a node over from the stream of
	// another start, and from earlier streams of the same start. Lines are those of streams
	// that have been taken over; they are left out when a newer stream has taken over since.
	Opened, Lines []Line
	// Urgent wakes the other replicas.
	Urgent bool
}

// State is what replicas have told each other.
type State struct {
	Replicas []Replica
	Nodes    []Line
	Orders   []Order // that have not expired
}

// Store is where control-plane replicas tell each other of their nodes.
type Store interface {
	// ReportFleet stores a report and the replica's sign of life. It returns the names of
	// nodes whose lines were not stored because a newer stream has them.
	ReportFleet(ctx context.Context, r Report) (lost []string, err error)
	// LeaveFleet removes a replica that has ended its streams.
	LeaveFleet(ctx context.Context, replica string) error
	// Fleet reads what everybody reported; orders that expire before now are left out. Of the lines of a replica,
	// which knows its own nodes, the node has its name only; empty: all lines are whole.
	Fleet(ctx context.Context, replica string, now time.Time) (State, error)
	// OrderDrain orders that the node drains as long as its present start lasts, or undoes
	// that. errs.NotFound when there is no such node.
	OrderDrain(ctx context.Context, node string, drain bool) error
	// ForgetNode removes a node's line. errs.NotFound when there is no such node.
	ForgetNode(ctx context.Context, node string) error
	// PlaceOrders stores orders and wakes the other replicas.
	PlaceOrders(ctx context.Context, orders []Order) error
	// TakeOrders claims orders for a replica and returns the ids that nobody had taken.
	TakeOrders(ctx context.Context, replica string, ids []string) ([]string, error)
	// ExpireFleet removes nodes and replicas that were last seen before then, and orders
	// that expired before now.
	ExpireFleet(ctx context.Context, before, now time.Time) error
	// NotifyFleet calls wake soon after another replica told something urgent, until ctx
	// ends; it may miss some, so callers poll too.
	NotifyFleet(ctx context.Context, wake func()) error
}

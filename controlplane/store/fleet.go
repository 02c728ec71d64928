package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	insertNodes = `INSERT INTO node (name, replica, boot_id, opened, seen_at, record) VALUES `
	updateNodes = ` ON CONFLICT (name) DO UPDATE SET replica = excluded.replica, boot_id = excluded.boot_id,
		opened = excluded.opened, seen_at = excluded.seen_at, record = excluded.record `
	// A new stream takes over from another start, and from what it came after.
	openedNodes = updateNodes + `WHERE node.boot_id <> excluded.boot_id OR node.opened <= excluded.opened RETURNING name`
	// Later lines are of the stream that has the node.
	laterNodes = updateNodes + `WHERE node.boot_id = excluded.boot_id AND node.opened = excluded.opened
		AND node.replica = excluded.replica RETURNING name`
)

// Fleet is where control-plane replicas tell each other of their nodes.
type Fleet struct{ db *DB }

// NewFleet is the Fleet of a database.
func NewFleet(db *DB) *Fleet { return &Fleet{db} }

// ReportFleet stores what a replica knows of its nodes, in one transaction with its sign of
// life. It returns the names of nodes that a newer stream has.
func (s *Fleet) ReportFleet(ctx context.Context, r fleet.Report) (lost []string, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		lost = nil
		if _, err := tx.ExecContext(ctx, `INSERT INTO replica (id, beat, seen_at, master_keys) VALUES ($1, 1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET beat = replica.beat + 1, seen_at = excluded.seen_at, master_keys = excluded.master_keys`,
			r.Replica, micros(r.At), strings.Join(r.MasterKeys, ",")); err != nil {
			return err
		}
		for _, part := range []struct {
			lines []fleet.Line
			rest  string
		}{{r.Opened, openedNodes}, {r.Lines, laterNodes}} {
			missed, err := saveNodes(ctx, tx, part.lines, part.rest)
			if err != nil {
				return err
			}
			lost = append(lost, missed...)
		}
		if !r.Urgent {
			return nil
		}
		return s.db.engine.Announce(ctx, tx, fleetChannel)
	})
	return lost, s.db.failed(err, "report the nodes")
}

// saveNodes writes lines and returns the names of those that were not. They are written in
// name order, so that replicas which write the same ones wait for each other and no more.
func saveNodes(ctx context.Context, tx *sql.Tx, lines []fleet.Line, rest string) (lost []string, err error) {
	lines = slices.SortedFunc(slices.Values(lines), func(a, b fleet.Line) int {
		return cmp.Compare(a.Node.GetName(), b.Node.GetName())
	})
	for batch := range batches(lines) {
		args := make([]any, 0, 6*len(batch))
		for _, l := range batch {
			record, err := proto.Marshal(l.Node)
			if err != nil {
				return nil, err
			}
			args = append(args, l.Node.GetName(), l.Replica, l.BootID, l.Opened, micros(l.Seen), record)
		}
		rows, err := tx.QueryContext(ctx, insertNodes+placeholder.Rows(len(batch), 6)+rest, args...)
		stored, err := collect(rows, err, scanText)
		if err != nil {
			return nil, err
		}
		for _, l := range batch {
			if !slices.Contains(stored, l.Node.GetName()) {
				lost = append(lost, l.Node.GetName())
			}
		}
	}
	return lost, nil
}

// LeaveFleet removes a replica.
func (s *Fleet) LeaveFleet(ctx context.Context, replica string) error {
	return s.tellFleet(ctx, "leave the other replicas", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM replica WHERE id = $1`, replica)
		return err
	})
}

// Fleet reads what every replica reported. What a replica's own lines say of a node is not read.
func (s *Fleet) Fleet(ctx context.Context, replica string, now time.Time) (state fleet.State, err error) {
	err = s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, beat, seen_at, master_keys FROM replica ORDER BY id`)
		if state.Replicas, err = collect(rows, err, scanReplica); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT name, replica, boot_id, opened, seen_at, drain_boot, CASE WHEN replica = $1 THEN NULL ELSE record END FROM node ORDER BY name`, replica)
		if state.Nodes, err = collect(rows, err, scanNode); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT id, node, expires_at, taken_by, what FROM node_order WHERE expires_at >= $1 ORDER BY id`, micros(now))
		state.Orders, err = collect(rows, err, scanOrder)
		return err
	})
	if err != nil {
		return fleet.State{}, s.db.failed(err, "read the nodes of all replicas")
	}
	return state, nil
}

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

func scanReplica(rows *sql.Rows) (r fleet.Replica, err error) {
	var seen int64
	var keys string
	err = rows.Scan(&r.ID, &r.Beat, &seen, &keys)
	r.Seen = fromMicros(seen)
	if keys != "" {
		r.MasterKeys = strings.Split(keys, ",")
	}
	return r, err
}

func scanNode(rows *sql.Rows) (fleet.Line, error) {
	l := fleet.Line{Node: &adminv1.Node{}}
	var seen int64
	var name string
	var record []byte
	if err := rows.Scan(&name, &l.Replica, &l.BootID, &l.Opened, &seen, &l.DrainBoot, &record); err != nil {
		return l, err
	}
	l.Seen = fromMicros(seen)
	if record == nil {
		l.Node.Name = name
		return l, nil
	}
	return l, proto.Unmarshal(record, l.Node)
}

// orderText is the part of an order that nothing searches by.
type orderText struct {
	Kind       string `json:"kind"`
	Provider   string `json:"provider,omitempty"`
	Model      string `json:"model,omitempty"`
	Credential string `json:"credential,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

func scanOrder(rows *sql.Rows) (o fleet.Order, err error) {
	var expires int64
	var text string
	if err := rows.Scan(&o.ID, &o.Node, &expires, &o.TakenBy, &text); err != nil {
		return o, err
	}
	o.ExpiresAt = fromMicros(expires)
	var what orderText
	if err := json.Unmarshal([]byte(text), &what); err != nil {
		return o, err
	}
	o.Kind, o.Provider, o.Model, o.Credential, o.Reason = what.Kind, what.Provider, what.Model, what.Credential, what.Reason
	return o, nil
}

// OrderDrain orders that a node drains until it is started again, or undoes that.
func (s *Fleet) OrderDrain(ctx context.Context, node string, drain bool) error {
	statement := `UPDATE node SET drain_boot = '' WHERE name = $1`
	if drain {
		statement = `UPDATE node SET drain_boot = boot_id WHERE name = $1`
	}
	err := s.db.change(ctx, s.telling(func(ctx context.Context, tx *sql.Tx) error {
		return changeNode(ctx, tx, statement, node)
	}))
	return s.db.failed(err, "order a node to drain")
}

// ForgetNode removes a node's line.
func (s *Fleet) ForgetNode(ctx context.Context, node string) error {
	err := s.db.change(ctx, s.telling(func(ctx context.Context, tx *sql.Tx) error {
		return changeNode(ctx, tx, `DELETE FROM node WHERE name = $1`, node)
	}))
	return s.db.failed(err, "forget a node")
}

// changeNode runs a statement that must find the node.
func changeNode(ctx context.Context, tx *sql.Tx, statement, node string) error {
	result, err := tx.ExecContext(ctx, statement, node)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return errs.Newf(errs.NotFound, "node %q does not exist", node)
}

// PlaceOrders stores orders for other replicas.
func (s *Fleet) PlaceOrders(ctx context.Context, orders []fleet.Order) error {
	rows := make([][]any, len(orders))
	for i, o := range orders {
		text, err := json.Marshal(orderText{o.Kind, o.Provider, o.Model, o.Credential, o.Reason})
		if err != nil {
			return s.db.failed(err, "write an order")
		}
		rows[i] = []any{o.ID, o.Node, micros(o.ExpiresAt), string(text)}
	}
	return s.tellFleet(ctx, "place orders for nodes", func(ctx context.Context, tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO node_order (id, node, expires_at, what) VALUES `, rows, "")
	})
}

// TakeOrders claims orders; those that another replica was faster with are not returned.
func (s *Fleet) TakeOrders(ctx context.Context, replica string, ids []string) (taken []string, err error) {
	ids = slices.Sorted(slices.Values(ids))
	err = s.tellFleet(ctx, "take orders for nodes", func(ctx context.Context, tx *sql.Tx) error {
		taken = nil
		for batch := range batches(ids) {
			args := []any{replica}
			for _, id := range batch {
				args = append(args, id)
			}
			list := strings.Replace(placeholder.Rows(1, len(args)), "($1, ", "(", 1)
			rows, err := tx.QueryContext(ctx, `UPDATE node_order SET taken_by = $1 WHERE taken_by = '' AND id IN `+list+` RETURNING id`, args...)
			got, err := collect(rows, err, scanText)
			if err != nil {
				return err
			}
			taken = append(taken, got...)
		}
		return nil
	})
	return taken, err
}

// ExpireFleet removes nodes and replicas that nobody has heard of since a time, and orders
// whose time is over.
func (s *Fleet) ExpireFleet(ctx context.Context, before, now time.Time) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, old := range []struct {
			statement string
			at        time.Time
		}{
			{`DELETE FROM node WHERE seen_at < $1`, before},
			{`DELETE FROM replica WHERE seen_at < $1`, before},
			{`DELETE FROM node_order WHERE expires_at < $1`, now},
		} {
			if _, err := tx.ExecContext(ctx, old.statement, micros(old.at)); err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "forget nodes that are gone")
}

// NotifyFleet calls wake after other replicas told something urgent, until ctx ends.
func (s *Fleet) NotifyFleet(ctx context.Context, wake func()) error {
	s.db.engine.Listen(ctx, fleetChannel, wake)
	return nil
}

// tellFleet runs do in a transaction of which the other replicas are told.
func (s *Fleet) tellFleet(ctx context.Context, doing string, do func(context.Context, *sql.Tx) error) error {
	return s.db.failed(s.db.inTx(ctx, s.telling(do)), doing)
}

// telling is do, of which the other replicas are told.
func (s *Fleet) telling(do func(context.Context, *sql.Tx) error) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		return s.db.engine.Announce(ctx, tx, fleetChannel)
	}
}

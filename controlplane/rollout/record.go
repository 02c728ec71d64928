// Package rollout has a change of the configuration tried on some nodes before the others get it, where
// the settings say so. What is tried is everything that nodes follow but API keys: those, and what is revoked,
// reach every node at once.
//
// What has been decided is one row of the database, which every control-plane replica reads and which each may
// take a step further: a step is written only in place of the row that it was decided from. So there is no leader
// to lose, and a replica that starts in the middle goes on from the row. What a node gets follows from the
// configuration and the row alone. How long nodes were watched is told by their own clocks.
package rollout

import (
	"context"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Stage is how far a change has come.
type Stage string

// The stages.
const (
	Idle     Stage = ""         // nothing is tried
	Applying Stage = "applying" // the first nodes are to apply it
	Watching Stage = "watching" // they have, and are watched
	Held     Stage = "held"     // something is wrong there
)

// Record is what the database keeps: how the present rollout stands.
type Record struct {
	// Base is the revision of which every node may have everything; 0: changes are not tried.
	Base controlplane.Revision `json:"base"`
	// The rest is of what is tried. Target is the newest revision that changed something of it.
	Stage  Stage                 `json:"stage,omitempty"`
	Target controlplane.Revision `json:"target,omitempty"`
	Began  time.Time             `json:"began,omitzero"`
	Reason string                `json:"reason,omitempty"` // why it is held
	// Nodes get the newest configuration. Lost are those of them that went away.
	Nodes []string `json:"nodes,omitempty"`
	Lost  []string `json:"lost,omitempty"`
	// Start is what every connected node said when the nodes began to be watched, and before that the first
	// nodes when they were chosen.
	Start map[string]Report `json:"start,omitempty"`
	// Counts are what it is held for, as the replica that did so knew them.
	Counts *Counts   `json:"counts,omitempty"`
	Last   *Decision `json:"last,omitempty"`
}

// Report is what a node says of itself.
type Report struct {
	Boot     string        `json:"boot"`
	Uptime   time.Duration `json:"uptime"`
	Requests int64         `json:"requests"`
	Failed   int64         `json:"failed"`
	// Withheld are, of one of the first nodes, the documents, API keys aside, that it did not serve before it got any of
	// what is tried, because its build lacks a feature; nil: a replica of an older version chose it and did not note them.
	Withheld []string `json:"withheld,omitzero"`
}

// Counts is what became of client requests while nodes were watched: of the first nodes, and of the others.
type Counts struct {
	Requests      int64 `json:"requests"`
	Failed        int64 `json:"failed"`
	OtherRequests int64 `json:"other_requests"`
	OtherFailed   int64 `json:"other_failed"`
}

// What became of a rollout.
const (
	Promoted  = "promoted"
	TakenBack = "taken_back"
)

// Decision is how a rollout ended.
type Decision struct {
	Target  controlplane.Revision `json:"target"`
	Outcome string                `json:"outcome"`
	Reason  string                `json:"reason,omitempty"`
	Actor   string                `json:"actor"`
	At      time.Time             `json:"at"`
}

// decided is the record after a rollout ended, from which on every node may have a revision.
func (r Record) decided(revision controlplane.Revision, d Decision) Record {
	d.Target = r.Target
	return Record{Base: revision, Last: &d}
}

// first reports whether a node is one of those that get what is tried.
func (r Record) first(node string) bool {
	return r.Stage != Idle && (slices.Contains(r.Nodes, node) || slices.Contains(r.Lost, node))
}

// starting is what some nodes said last, and of every first node of a record that comes after r, those that are away
// too, what it did not serve before it got any of what is tried.
func (r Record) starting(next Record, nodes map[string]*adminv1.Node, some []string) map[string]Report {
	start := map[string]Report{}
	for _, name := range some {
		n := nodes[name]
		start[name] = Report{Boot: n.GetBootId(), Uptime: n.GetUptime().AsDuration(), Requests: n.GetRequests(), Failed: n.GetFailedRequests()}
	}
	for _, name := range slices.Concat(next.Nodes, next.Lost) {
		report := start[name]
		if r.first(name) {
			report.Withheld = r.Start[name].Withheld
		} else {
			report.Withheld = withheld(nodes[name])
		}
		start[name] = report
	}
	return start
}

// withheld are the documents that a node does not serve, of the kinds that are tried; never nil.
func withheld(n *adminv1.Node) []string {
	names := []string{}
	for _, d := range n.GetRefusedDocuments() {
		if d.GetKind() != string(controlplane.KindAPIKey) {
			names = append(names, d.GetKind()+"/"+d.GetName())
		}
	}
	return names
}

// Store keeps the record. Every method returns errors of package errs.
type Store interface {
	// Rollout reads the record, and how often it was written; nothing at all: the zero Record, 0.
	Rollout(ctx context.Context) (Record, int64, error)
	// ChangeRollout writes the record that comes after one that was written so often, and wakes the other
	// replicas; false when it was written since. The event of the context is recorded with it.
	ChangeRollout(ctx context.Context, written int64, next Record) (bool, error)
	// NotifyRollouts calls wake soon after another replica wrote the record, until ctx ends; it may miss
	// some, so callers poll too.
	NotifyRollouts(ctx context.Context, wake func()) error
}

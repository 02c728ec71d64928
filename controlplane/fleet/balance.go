package fleet

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// maxRefusals is how often in a row a node is sent away before it is let in all the same:
	// it may have no other replica that it can reach.
	maxRefusals = 2
	// smallFleet is up to how many nodes are never sent away: a few on one replica are no burden, and a
	// node that waits for another address serves an older configuration meanwhile.
	smallFleet = 3
	// refusalMemory is after how long a refusal is forgotten.
	refusalMemory = time.Minute
)

// refusals remembers which nodes were sent away recently.
type refusals struct {
	now func() time.Time

	mu     sync.Mutex
	byNode map[string]refusal // guarded by mu
}

type refusal struct {
	times int
	last  time.Time
}

// balance is how the connected nodes are spread over the replicas that take nodes, without
// the node that comes.
type balance struct {
	Own      int // nodes of this replica
	Total    int // nodes of all of them
	Replicas int
}

// Admit says whether a node that comes to this replica may stay. It sends nodes away while
// this replica has more than 1.2 times its share of those that are connected, so that they
// try another address; errs.ResourceExhausted. A node that comes back again and again is let
// in: better a crowded replica than a node without one.
func (f *Fleet) Admit(node string) error {
	b := f.balance(node)
	if !b.aboveShare() || !f.refusals.add(node) {
		return nil
	}
	f.count.refused.Add(1)
	return errs.Newf(errs.ResourceExhausted,
		"this control-plane replica has %d of %d nodes, more than its share among %d replicas: try another one", b.Own, b.Total, b.Replicas)
}

// aboveShare reports whether this replica has its share of 1.2 times the average, rounded up.
func (b balance) aboveShare() bool {
	if b.Replicas < 2 || b.Total < smallFleet {
		return false
	}
	most := (12*(b.Total+1) + 10*b.Replicas - 1) / (10 * b.Replicas)
	return b.Own+1 > most
}

// balance counts the replicas that take nodes, and the nodes that are connected to them
// without the one that comes.
func (f *Fleet) balance(node string) (b balance) {
	lines := f.lines()
	f.mu.Lock()
	defer f.mu.Unlock()
	takes := map[string]bool{f.cfg.Replica: true}
	for id := range f.state.replicas {
		takes[id] = f.takesNodes(id)
	}
	for _, yes := range takes {
		if yes {
			b.Replicas++
		}
	}
	for name, l := range lines {
		if name == node || !l.Node.GetConnected() || !takes[l.Replica] {
			continue
		}
		b.Total++
		if l.Replica == f.cfg.Replica {
			b.Own++
		}
	}
	return b
}

// Replicas counts the replicas that live, this one included.
func (f *Fleet) Replicas() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 1
	for id := range f.state.replicas {
		if id != f.cfg.Replica && f.alive(id) {
			n++
		}
	}
	return n
}

// add notes that a node is sent away; false when it was sent away often enough and is to be
// let in.
func (r *refusals) add(node string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for name, old := range r.byNode {
		if now.Sub(old.last) > refusalMemory {
			delete(r.byNode, name)
		}
	}
	old := r.byNode[node]
	if old.times == maxRefusals {
		delete(r.byNode, node)
		return false
	}
	r.byNode[node] = refusal{old.times + 1, now}
	return true
}

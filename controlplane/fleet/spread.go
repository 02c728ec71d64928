package fleet

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// patience is how often in a row a node is sent away before it is let in all the same:
	// it may have no other replica that it can reach.
	patience = 2
	// grudge is after how long a refusal is forgotten.
	grudge = time.Minute
)

// turns remembers who was sent away of late.
type turns struct {
	now func() time.Time

	mu      sync.Mutex
	refused map[string]refusal // guarded by mu; by node
}

type refusal struct {
	times int
	last  time.Time
}

// Admit says whether a node that comes to this replica may stay. It sends nodes away while
// this replica has more than 1.2 times its share of those that are connected, so that they
// try another address; errs.ResourceExhausted. A node that comes back again and again is let
// in: better a crowded replica than a node without one.
func (f *Fleet) Admit(node string) error {
	own, total, replicas := f.crowd(node)
	if !crowded(own, total, replicas) || !f.turns.refuse(node) {
		return nil
	}
	f.count.refused.Add(1)
	return errs.Newf(errs.ResourceExhausted,
		"this control-plane replica has %d of %d nodes, more than its share among %d replicas: try another one", own, total, replicas)
}

// crowded reports whether a replica that has own of total nodes, not counting the one that
// comes, has its share of 1.2 times the average, rounded up.
func crowded(own, total, replicas int) bool {
	if replicas < 2 {
		return false
	}
	most := (12*(total+1) + 10*replicas - 1) / (10 * replicas)
	return own+1 > most
}

// crowd counts the replicas that take nodes, and the nodes that are connected to them
// without the one that comes.
func (f *Fleet) crowd(node string) (own, total, replicas int) {
	lines := f.lines()
	f.mu.Lock()
	defer f.mu.Unlock()
	takes := map[string]bool{f.cfg.Replica: true}
	for id := range f.state.replicas {
		takes[id] = f.takesNodes(id)
	}
	for _, yes := range takes {
		if yes {
			replicas++
		}
	}
	for name, l := range lines {
		if name == node || !l.Node.GetConnected() || !takes[l.Replica] {
			continue
		}
		total++
		if l.Replica == f.cfg.Replica {
			own++
		}
	}
	return own, total, replicas
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

// refuse reports whether a node may be sent away once more.
func (t *turns) refuse(node string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for name, r := range t.refused {
		if now.Sub(r.last) > grudge {
			delete(t.refused, name)
		}
	}
	r := t.refused[node]
	if r.times == patience {
		delete(t.refused, node)
		return false
	}
	t.refused[node] = refusal{r.times + 1, now}
	return true
}

package dataplane

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// Selection is how members of one priority share the calls.
type Selection uint8

// The selections.
const (
	Cheapest  Selection = iota // the cheaper first; equal ones by weight at random
	Weighted                   // by weight at random
	LeastBusy                  // fewest attempts in flight on this node for its weight
	Sticky                     // the same for all calls of a conversation; conversations by weight
)

func compileSelection(name string) (Selection, error) {
	switch name {
	case "", "cheapest":
		return Cheapest, nil
	case "weighted":
		return Weighted, nil
	case "least_busy":
		return LeastBusy, nil
	case "sticky":
		return Sticky, nil
	}
	return 0, fmt.Errorf("selection %q is not known", name)
}

// rank compares two members; those that compare equal share the calls.
func (s Selection) rank(a, b *Member) int {
	if s == Cheapest {
		return byRank(a, b)
	}
	return cmp.Compare(a.Priority, b.Priority)
}

// Load is what this node does with a target or a provider, over all snapshots: the attempts
// in flight, and when which endpoint was answered.
type Load struct {
	n        atomic.Int64
	retries  atomic.Int64 // of these, on the last candidate
	answered [MaxEndpoints]atomic.Uint32
}

// MaxEndpoints is how many endpoints a Load tells apart.
const MaxEndpoints = 32

// Answered notes a good answer on an endpoint, given by its number.
func (l *Load) Answered(endpoint int, now time.Time) {
	if at := uint32(now.Unix()); l.answered[endpoint].Load() != at { // written once a second
		l.answered[endpoint].Store(at)
	}
}

// LastAnswer is when the endpoint was answered well last, in whole seconds; the start of
// 1970 if it never was.
func (l *Load) LastAnswer(endpoint int) time.Time {
	return time.Unix(int64(l.answered[endpoint].Load()), 0)
}

// Begin counts an attempt until End.
func (l *Load) Begin() { l.n.Add(1) }

// End gives back what Begin counted.
func (l *Load) End() { l.n.Add(-1) }

// The share of a provider's attempts in flight that may be retries on the last candidate,
// and how many may be in any case.
const (
	retryShare = 5 // one in five
	minRetries = 3
)

// Retry takes a place for a retry, unless too many are under way; EndRetry gives it back.
func (l *Load) Retry() bool {
	if l.retries.Add(1) <= max(minRetries, l.n.Load()/retryShare) {
		return true
	}
	l.retries.Add(-1)
	return false
}

// EndRetry gives back what Retry took.
func (l *Load) EndRetry() { l.retries.Add(-1) }

// keepTargets goes on with the counts of targets and providers.
func (s *Snapshot) keepTargets(old *Snapshot) {
	for scope, t := range s.targets {
		if before, ok := old.targets[scope]; ok {
			t.Load = before.Load
		}
	}
	for name, p := range s.Providers {
		if before, ok := old.Providers[name]; ok {
			p.Load = before.Load
		}
	}
}

// leastBusyFirst orders each run of one priority by the attempts in flight for each unit of
// weight; among equals the order it finds stays. The counts are read once, since they change
// all the time.
func leastBusyFirst(c []Candidate) {
	for i := range c {
		c[i].key = c[i].Load.n.Load()
	}
	slices.SortStableFunc(c, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.key*int64(b.Weight), b.key*int64(a.Weight)))
	})
}

// ownFirst orders each run of one priority by how much the session belongs to its members. All nodes
// find the same order, and a member that is not there changes nothing between the others.
func ownFirst(c []Candidate, session routing.Session) {
	for i := range c {
		c[i].key = int64(math.Float64bits(session.Score(c[i].Place, c[i].Weight))) // of numbers above 0, the order is that of their bits
	}
	slices.SortStableFunc(c, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.key, a.key))
	})
}

// Home is the candidate that a call of the session would go to if all were well; c is not empty and
// was ordered for the session.
func Home(c []Candidate) Candidate {
	return slices.MinFunc(c, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.key, a.key))
	})
}

// OwnCredentials appends the provider's credentials to buf, in the order in which a call of the session
// would use them.
func (p *Provider) OwnCredentials(buf []*Credential, session routing.Session) []*Credential {
	buf = append(buf, p.Credentials...)
	slices.SortStableFunc(buf, func(a, b *Credential) int {
		return cmp.Compare(session.Score(b.Place, 1), session.Score(a.Place, 1))
	})
	return buf
}

// OwnCredential is the first of them; nil when the provider has none.
func (p *Provider) OwnCredential(session routing.Session) (own *Credential) {
	var best float64
	for _, c := range p.Credentials {
		if score := session.Score(c.Place, 1); score > best {
			own, best = c, score
		}
	}
	return own
}

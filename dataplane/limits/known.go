package limits

import (
	"iter"
	"slices"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/pace"
)

// known are the keys that are limited, by name, with how many secrets each has.
type known struct {
	mu      sync.RWMutex   // guards the fields below
	names   map[string]int // nil: not told yet
	leaving map[string]bool
}

// has reports whether a key is limited, as far as is known.
func (k *known) has(name string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.names == nil || k.names[name] > 0
}

// Use learns which keys there are: budgets of new ones are asked for, and what is known of
// others is forgotten, but for what they spent in a period that is not over.
func (l *Limiter) Use(keys iter.Seq[*dataplane.APIKey], p *pace.Pace) {
	names, seen := map[string]int{}, 0
	for key := range keys {
		if key.Limited() {
			names[key.Name]++
			l.expect(key)
		}
		p.Count(seen)
		seen++
	}
	l.known.mu.Lock()
	defer l.known.mu.Unlock()
	before := l.known.names
	l.known.names, l.known.leaving = names, map[string]bool{}
	for name := range names {
		if before == nil || before[name] == 0 {
			l.sharing.again.Store(true) // others may have used a new one already
			break
		}
	}
	if before == nil {
		l.sharing.again.Store(true)
	}
	l.accounts.Range(func(name, _ any) bool {
		if names[name.(string)] == 0 {
			l.known.leaving[name.(string)] = true
		}
		return true
	})
	l.leave()
}

// Change learns what became of some keys, secret by secret: gone are those that are no more, or as they were
// before they changed.
func (l *Limiter) Change(gone, now iter.Seq[*dataplane.APIKey]) {
	news := slices.Collect(now)
	for _, key := range news {
		if key.Limited() {
			l.expect(key)
		}
	}
	l.known.mu.Lock()
	defer l.known.mu.Unlock()
	if l.known.names == nil {
		l.known.names, l.known.leaving = map[string]int{}, map[string]bool{}
	}
	for _, key := range news {
		if !key.Limited() {
			continue
		}
		if l.known.names[key.Name] == 0 {
			l.sharing.again.Store(true)
		}
		l.known.names[key.Name]++
		delete(l.known.leaving, key.Name)
	}
	for key := range gone {
		if !key.Limited() {
			continue
		}
		if l.known.names[key.Name]--; l.known.names[key.Name] <= 0 {
			delete(l.known.names, key.Name)
			l.known.leaving[key.Name] = true
		}
	}
	l.leave()
}

// expect asks for what was spent of a budget.
func (l *Limiter) expect(key *dataplane.APIKey) {
	if key.Budget.Period == dataplane.NoPeriod {
		return
	}
	a := l.account(key.Name)
	a.budget(key.Budget.Period, l.cfg.Now())
	l.activate(a)
}

// leave forgets keys that are gone, once nothing of them counts any more. It needs known.mu.
func (l *Limiter) leave() {
	now := l.cfg.Now()
	for name := range l.known.leaving {
		a, ok := l.accounts.Load(name)
		if ok && !a.(*account).forgettable(now) {
			continue
		}
		l.accounts.Delete(name)
		delete(l.known.leaving, name)
	}
}

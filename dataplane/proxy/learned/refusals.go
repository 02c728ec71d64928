package learned

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Refusals are what targets refuse of good requests: such a target is tried last by
// requests that hold the same. Only another target's answer to the same request proves that
// the request was good, and what one caller brought about concerns that caller alone until
// another one meets it too. Reading takes no lock.
type Refusals struct {
	known atomic.Pointer[map[dataplane.Scope][]dataplane.Refusal]
	mu    sync.Mutex // serialises changes
}

// The memory is bounded; within a target the oldest makes room.
const (
	maxRefusing  = 1000 // targets
	maxOfATarget = 16
)

// Of gives those of a target that still count.
func (r *Refusals) Of(target dataplane.Scope, now time.Time) []dataplane.Refusal {
	known := r.known.Load()
	if known == nil {
		return nil
	}
	all := (*known)[target]
	if slices.ContainsFunc(all, func(f dataplane.Refusal) bool { return !f.Until.After(now) }) {
		all = slices.DeleteFunc(slices.Clone(all), func(f dataplane.Refusal) bool { return !f.Until.After(now) })
	}
	return all
}

// Add notes a refusal that was confirmed now; it reports whether that is news.
func (r *Refusals) Add(f dataplane.Refusal, now time.Time) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := map[dataplane.Scope][]dataplane.Refusal{}
	if known := r.known.Load(); known != nil {
		for target := range *known {
			if live := r.Of(target, now); len(live) > 0 {
				next[target] = live
			}
		}
	}
	if next[f.Target] == nil && len(next) >= maxRefusing {
		return false
	}
	f.Since, f.Until = now, now.Add(Remembered)
	all := slices.Clone(next[f.Target])
	i := slices.IndexFunc(all, func(old dataplane.Refusal) bool { return old.Same(&f) })
	switch {
	case i >= 0:
		old := all[i]
		f.Since = old.Since
		if old.Caller != f.Caller {
			f.Caller = ""
		}
		news = old.Caller != f.Caller
		all[i] = f
	default:
		if len(all) >= maxOfATarget {
			oldest := slices.IndexFunc(all, func(x dataplane.Refusal) bool {
				return !slices.ContainsFunc(all, func(y dataplane.Refusal) bool { return y.Until.Before(x.Until) })
			})
			all = slices.Delete(all, oldest, oldest+1)
		}
		all, news = append(all, f), true
	}
	next[f.Target] = all
	r.known.Store(&next)
	return news
}

// Forget drops what is known of targets.
func (r *Refusals) Forget(is func(dataplane.Scope) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known.Load(); known != nil {
		next := maps.Clone(*known)
		maps.DeleteFunc(next, func(t dataplane.Scope, _ []dataplane.Refusal) bool { return is(t) })
		r.known.Store(&next)
	}
}

// All lists those that count now.
func (r *Refusals) All(now time.Time) (out []dataplane.Refusal) {
	if known := r.known.Load(); known != nil {
		for target := range *known {
			out = append(out, r.Of(target, now)...)
		}
	}
	return out
}

// None reports whether nothing was ever learned.
func (r *Refusals) None() bool { return r.known.Load() == nil }

// Count is how many count now.
func (r *Refusals) Count(now time.Time) int { return len(r.All(now)) }

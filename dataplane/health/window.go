package health

import (
	"slices"
	"time"
)

const (
	buckets    = 10 // of a window; the oldest tenth leaves at a time
	maxCallers = 64 // counted one by one in a window; the rest are counted together
	maxWindows = 4  // of different length for one scope: groups may set their own
)

// tally is a number of attempts by result.
type tally struct{ failures, successes int }

func (t tally) total() int { return t.failures + t.successes }

// ring counts attempts in the newest buckets of a window.
type ring struct {
	newest int64 // number of the newest bucket
	counts [buckets]struct{ failures, successes uint32 }
}

// advance empties the buckets between the newest one and now's.
func (r *ring) advance(bucket int64) {
	if bucket-r.newest >= buckets {
		*r = ring{newest: bucket}
		return
	}
	for ; r.newest < bucket; r.newest++ {
		r.counts[(r.newest+1)%buckets] = struct{ failures, successes uint32 }{}
	}
}

func (r *ring) add(bucket int64, failed bool) {
	r.advance(bucket)
	c := &r.counts[r.newest%buckets]
	if failed {
		c.failures++
	} else {
		c.successes++
	}
}

func (r *ring) sum(bucket int64) (t tally) {
	r.advance(bucket)
	for _, c := range r.counts {
		t.failures += int(c.failures)
		t.successes += int(c.successes)
	}
	return t
}

// window counts the attempts on a scope over one length of time, in all and by caller.
type window struct {
	width   time.Duration // of a bucket
	all     ring
	fast    ring // the failures that took no time
	callers map[string]*ring
	others  ring // callers beyond maxCallers, taken as one
}

func (w *window) bucket(age time.Duration) int64 { return int64(age / w.width) }

// add counts an attempt that ended at age, which is time since the store began.
func (w *window) add(age time.Duration, caller string, failed bool) {
	b := w.bucket(age)
	w.all.add(b, failed)
	w.caller(caller, b).add(b, failed)
}

// caller finds the counter of a caller, making room for a new one if need be.
func (w *window) caller(name string, bucket int64) *ring {
	if r, ok := w.callers[name]; ok {
		return r
	}
	if len(w.callers) >= maxCallers {
		w.forgetIdleCallers(bucket)
	}
	if len(w.callers) >= maxCallers {
		return &w.others
	}
	r := &ring{newest: bucket}
	w.callers[name] = r
	return r
}

func (w *window) forgetIdleCallers(bucket int64) {
	for name, r := range w.callers {
		if r.sum(bucket).total() == 0 {
			delete(w.callers, name)
		}
	}
}

// mostlyFast reports whether more than half of the failures took no time, which is to say
// that their median did.
func (w *window) mostlyFast(age time.Duration) bool {
	b := w.bucket(age)
	return 2*w.fast.sum(b).failures > w.all.sum(b).failures
}

// blame says how many callers failed, and whether a single caller who did is alone: it carries
// more than 95 % of the traffic, and no other had a success. Both count the callers that are taken
// together as one more caller.
func (w *window) blame(age time.Duration) (failing int, alone bool) {
	b := w.bucket(age)
	all := w.all.sum(b)
	for _, r := range w.callers {
		t := r.sum(b)
		if t.failures == 0 {
			continue
		}
		failing++
		if 100*t.total() > 95*all.total() && t.successes == all.successes {
			alone = true
		}
	}
	if w.others.sum(b).failures > 0 {
		failing++
	}
	return failing, alone
}

// windows are the windows of one scope, the one used last first.
type windows []*window

// of finds the window of a length, or makes it, and puts it first.
func (ws *windows) of(length time.Duration) *window {
	width := max(length/buckets, time.Millisecond)
	i := slices.IndexFunc(*ws, func(w *window) bool { return w.width == width })
	if i == 0 {
		return (*ws)[0]
	}
	w := &window{width: width, callers: make(map[string]*ring)}
	if i > 0 {
		w = (*ws)[i]
		*ws = slices.Delete(*ws, i, i+1)
	}
	*ws = slices.Insert(*ws, 0, w)
	*ws = (*ws)[:min(len(*ws), maxWindows)]
	return w
}

// add counts an attempt in every window, since it is evidence under every policy. fast is
// for failures.
func (ws windows) add(age time.Duration, caller string, failed, fast bool) {
	for _, w := range ws {
		w.add(age, caller, failed)
		if failed && fast {
			w.fast.add(w.bucket(age), true)
		}
	}
}

// length is that of the window used last; 0 when there is none.
func (ws windows) length() time.Duration {
	if len(ws) == 0 {
		return 0
	}
	return ws[0].width * buckets
}

// failures is how many failures the window used last holds.
func (ws windows) failures(age time.Duration) int {
	if len(ws) == 0 {
		return 0
	}
	return ws[0].all.sum(ws[0].bucket(age)).failures
}

// idle reports whether no window holds anything.
func (ws windows) idle(age time.Duration) bool {
	return !slices.ContainsFunc(ws, func(w *window) bool { return w.all.sum(w.bucket(age)).total() > 0 })
}

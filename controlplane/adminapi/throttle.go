package adminapi

import (
	"crypto/sha256"
	"sync"
	"time"
)

// How fast sign-ins may fail. A success forgets them all.
const (
	accountBurst    = 5  // failures of an account before a delay begins
	networkBurst    = 10 // failures of a network before a delay begins
	firstDelay      = time.Second
	maxDelay        = 15 * time.Minute // the delay doubles up to this
	failureLifetime = 15 * time.Minute // one failure is forgiven for each such time without another
	maxTracked      = 10_000           // accounts and networks remembered, about 1 MB
	evictionSample  = 16
)

// throttle slows down the guessing of passwords: per account and per network, each
// failure beyond a burst doubles the wait before the next try. Nobody is ever locked out:
// a wait ends, and a network from which the account has signed in before is not held up
// by failures elsewhere. An attempt that comes too early is refused and changes nothing.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	tracked map[throttleKey]*failures
	known   map[throttleKey]struct{} // pairs of account and network that signed in
}

// throttleKey is the hash of an account, a network or a pair: equally short for long names.
type throttleKey [sha256.Size]byte

// failures of one key.
type failures struct {
	burst int
	count int
	since time.Time // count last changed
	until time.Time // no attempt before
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{
		now:     now,
		tracked: make(map[throttleKey]*failures),
		known:   make(map[throttleKey]struct{}),
	}
}

// attempt is a sign-in that was let through; until it ends otherwise it counts as failed.
type attempt struct {
	throttle *throttle
	pair     throttleKey
	judged   []judged
}

// judged is a key that an attempt was judged by.
type judged struct {
	key throttleKey
	*failures
}

// admit lets an attempt through, or says how long to wait. It charges the attempt
// beforehand, so that attempts side by side cannot slip through together.
func (t *throttle) admit(account, network string) (*attempt, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()

	a := &attempt{throttle: t, pair: keyOf("pair", account, network)}
	a.judged = append(a.judged, t.judge(keyOf("network", network), networkBurst))
	if _, ok := t.known[a.pair]; !ok {
		a.judged = append(a.judged, t.judge(keyOf("account", account), accountBurst))
	}
	var wait time.Duration
	for _, j := range a.judged {
		wait = max(wait, j.until.Sub(now))
	}
	if wait > 0 {
		return nil, wait
	}
	for _, j := range a.judged {
		j.forgive(now)
		j.charge(now)
		t.track(now, j)
	}
	return a, 0
}

// succeeded forgets the failures and remembers the network.
func (a *attempt) succeeded() {
	t := a.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range a.judged {
		delete(t.tracked, j.key)
	}
	if len(t.known) >= maxTracked {
		for key := range t.known {
			delete(t.known, key)
			break
		}
	}
	t.known[a.pair] = struct{}{}
}

// withdrawn takes the charge back: the password was not looked at.
func (a *attempt) withdrawn() {
	t := a.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range a.judged {
		j.count = max(0, j.count-1)
		j.until = time.Time{}
	}
}

// judge finds the failures of a key; none so far are not yet tracked. The caller holds mu.
func (t *throttle) judge(key throttleKey, burst int) judged {
	f, ok := t.tracked[key]
	if !ok {
		f = &failures{burst: burst}
	}
	return judged{key, f}
}

// track keeps the failures of a key. The caller holds mu.
func (t *throttle) track(now time.Time, j judged) {
	if _, ok := t.tracked[j.key]; !ok && len(t.tracked) >= maxTracked {
		t.evict(now)
	}
	t.tracked[j.key] = j.failures
}

// evict drops the one of a few random keys that failed least: a flood of made-up names
// then pushes out itself rather than the account it wants to reset. The caller holds mu.
func (t *throttle) evict(now time.Time) {
	var least throttleKey
	fewest, seen := -1, 0
	for key, f := range t.tracked {
		f.forgive(now)
		if fewest < 0 || f.count < fewest {
			least, fewest = key, f.count
		}
		if seen++; seen == evictionSample || fewest == 0 {
			break
		}
	}
	delete(t.tracked, least)
}

func (f *failures) forgive(now time.Time) {
	if passed := int(now.Sub(f.since) / failureLifetime); passed > 0 {
		f.count = max(0, f.count-passed)
		f.since = f.since.Add(time.Duration(passed) * failureLifetime)
	}
}

func (f *failures) charge(now time.Time) {
	f.count++
	delay := time.Duration(0)
	for i := range f.count - f.burst {
		delay = max(firstDelay, 2*delay)
		if delay >= maxDelay {
			delay, f.count = maxDelay, f.burst+i+1 // no use in counting on
			break
		}
	}
	f.since, f.until = now, now.Add(delay)
}

func keyOf(parts ...string) throttleKey {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return throttleKey(h.Sum(nil))
}

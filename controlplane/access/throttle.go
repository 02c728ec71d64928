package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	maxTracked     = 10_000 // keys remembered in memory, about 1 MB
	evictionSample = 16
)

// Throttle doubles the wait before the next try with each failure beyond a burst, per account
// and per network. Nobody is ever locked out: a wait ends, and a device that has signed in
// before is judged by its own failures alone, whatever strangers do. An attempt that comes too
// early is refused and changes nothing.
//
// What is in memory refuses without the database; what it lets through is judged by what the
// database knows as well. While that is away, memory alone judges.
type Throttle struct {
	store FailureStore
	key   func() []byte // hashes names and addresses: the database does not tell who failed
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	tracked map[SignInKey]*bucket // guarded by mu
}

// NewThrottle is a Throttle with no failures in memory.
func NewThrottle(store FailureStore, key func() []byte, log *slog.Logger, now func() time.Time) *Throttle {
	return &Throttle{store: store, key: key, log: log, now: now, tracked: make(map[SignInKey]*bucket)}
}

// Who is what an attempt is judged by.
type Who struct {
	Account string
	Network string
	Device  string // known to have signed in as Account; empty: none that is known
}

// Attempt is a sign-in that was let through; until it ends otherwise it counts as failed.
type Attempt struct {
	throttle *Throttle
	keys     []SignInKey
}

// Wait is how long a network, or a known device, has to wait already, as far as memory knows:
// for refusals before anything of the request is read.
func (t *Throttle) Wait(network, device string) time.Duration {
	key := t.keyOf("network", network)
	if device != "" {
		key = t.keyOf("device", device)
	}
	return t.wait(map[SignInKey]int{key: 0})
}

// WaitOf is how long whoever makes an attempt has to wait already, as far as memory knows. It charges nothing.
func (t *Throttle) WaitOf(who Who) time.Duration { return t.wait(t.judgedBy(who)) }

// Admit lets an attempt through, or says how long to wait. It charges the attempt
// beforehand, so that attempts side by side cannot slip through together.
func (t *Throttle) Admit(ctx context.Context, who Who) (*Attempt, time.Duration) {
	judged := t.judgedBy(who)
	if wait := t.wait(judged); wait > 0 {
		return nil, wait
	}
	keys := slices.Collect(maps.Keys(judged))
	stored, err := t.store.SignInFailures(ctx, keys)
	if err != nil {
		t.log.WarnContext(ctx, "cannot read the failed sign-ins; this replica counts only its own", "error", err)
	}
	charged, wait := t.charge(judged, stored)
	if wait > 0 {
		return nil, wait
	}
	t.save(ctx, charged)
	return &Attempt{throttle: t, keys: keys}, 0
}

// judgedBy lists the keys of an attempt, with the failures that each may have freely.
func (t *Throttle) judgedBy(who Who) map[SignInKey]int {
	if who.Device != "" {
		return map[SignInKey]int{t.keyOf("device", who.Device): accountBurst}
	}
	return map[SignInKey]int{
		t.keyOf("network", who.Network): networkBurst,
		t.keyOf("account", who.Account): accountBurst,
	}
}

// wait says how long an attempt has to wait, as far as memory knows.
func (t *Throttle) wait(judged map[SignInKey]int) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range judged {
		if b, ok := t.tracked[key]; ok {
			wait = max(wait, b.Until.Sub(t.now()))
		}
	}
	return wait
}

// charge counts a failure for each key and returns what there is to keep, unless the attempt has
// to wait by what the database knows.
func (t *Throttle) charge(judged map[SignInKey]int, stored map[SignInKey]SignInFailures) (map[SignInKey]SignInFailures, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	buckets := make(map[SignInKey]*bucket, len(judged))
	for key, burst := range judged {
		b := t.bucket(now, key, burst)
		b.learn(stored[key])
		buckets[key] = b
		wait = max(wait, b.Until.Sub(now))
	}
	if wait > 0 {
		return nil, wait
	}
	charged := make(map[SignInKey]SignInFailures, len(judged))
	for key, b := range buckets {
		b.forgive(now)
		b.charge(now)
		charged[key] = b.SignInFailures
	}
	return charged, 0
}

func (t *Throttle) save(ctx context.Context, failures map[SignInKey]SignInFailures) {
	if err := t.store.SaveSignInFailures(ctx, failures); err != nil {
		t.log.WarnContext(ctx, "cannot store the failed sign-ins; a restart loses them", "error", err)
	}
}

// Succeeded forgets the failures.
func (a *Attempt) Succeeded(ctx context.Context) {
	t := a.throttle
	t.mu.Lock()
	for _, key := range a.keys {
		delete(t.tracked, key)
	}
	t.mu.Unlock()
	if err := t.store.ForgetSignInFailures(ctx, a.keys); err != nil {
		t.log.WarnContext(ctx, "cannot reset the failed sign-ins after a successful one", "error", err)
	}
}

// Withdrawn takes the charge back: the password was not looked at.
func (a *Attempt) Withdrawn(ctx context.Context) {
	t := a.throttle
	left := make(map[SignInKey]SignInFailures, len(a.keys))
	t.mu.Lock()
	for _, key := range a.keys {
		if b, ok := t.tracked[key]; ok {
			b.Count = max(0, b.Count-1)
			b.Until = time.Time{}
			left[key] = b.SignInFailures
		}
	}
	t.mu.Unlock()
	t.save(context.WithoutCancel(ctx), left) // the caller may have left: that is no failure either
}

// bucket finds the failures of a key, or tracks it. The caller holds mu.
func (t *Throttle) bucket(now time.Time, key SignInKey, burst int) *bucket {
	b, ok := t.tracked[key]
	if !ok {
		if len(t.tracked) >= maxTracked {
			t.evict(now)
		}
		b = &bucket{burst: burst}
		t.tracked[key] = b
	}
	return b
}

// evict drops the one of a few random keys that failed least: a flood of made-up names
// then pushes out itself rather than the account it wants to reset. The caller holds mu.
func (t *Throttle) evict(now time.Time) {
	var least SignInKey
	fewest, seen := -1, 0
	for key, b := range t.tracked {
		b.forgive(now)
		if fewest < 0 || b.Count < fewest {
			least, fewest = key, b.Count
		}
		if seen++; seen == evictionSample || fewest == 0 {
			break
		}
	}
	delete(t.tracked, least)
}

func (t *Throttle) keyOf(kind, name string) SignInKey {
	mac := hmac.New(sha256.New, t.key())
	mac.Write([]byte(kind + "\x00" + name))
	return SignInKey(mac.Sum(nil))
}

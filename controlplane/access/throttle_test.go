package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"
)

// clock is a clock that only tests move.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time          { return c.at }
func (c *clock) Advance(d time.Duration) { c.at = c.at.Add(d) }

// kept is a FailureStore in memory; down says that it fails.
type kept struct {
	mu   sync.Mutex
	rows map[SignInKey]SignInFailures
	down bool
}

func (k *kept) SignInFailures(_ context.Context, keys []SignInKey) (map[SignInKey]SignInFailures, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return nil, errors.New("down")
	}
	found := map[SignInKey]SignInFailures{}
	for _, key := range keys {
		if f, ok := k.rows[key]; ok {
			found[key] = f
		}
	}
	return found, nil
}

func (k *kept) SaveSignInFailures(_ context.Context, failures map[SignInKey]SignInFailures) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return errors.New("down")
	}
	maps.Copy(k.rows, failures)
	return nil
}

func (k *kept) ForgetSignInFailures(_ context.Context, keys []SignInKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return errors.New("down")
	}
	for _, key := range keys {
		delete(k.rows, key)
	}
	return nil
}

func newKept() *kept { return &kept{rows: map[SignInKey]SignInFailures{}} }

func newThrottle(now func() time.Time, store *kept) *Throttle {
	return NewThrottle(store, func() []byte { return []byte("key") }, slog.New(slog.DiscardHandler), now)
}

// fail makes one attempt that fails and returns how long it was told to wait instead.
func fail(t *Throttle, account, network string) time.Duration {
	_, wait := t.Admit(context.Background(), Who{Account: account, Network: network})
	return wait
}

func TestThrottleDoublesTheDelayUpToItsLimit(t *testing.T) {
	t.Parallel()
	clock := newClock()
	th := newThrottle(clock.Now, newKept())
	for i := range accountBurst {
		if wait := fail(th, "admin", fmt.Sprint("net", i)); wait != 0 {
			t.Fatalf("failure %d had to wait %s", i+1, wait)
		}
	}
	// Each from a network of its own, so that only the account counts.
	var delays []time.Duration
	for i := range 13 {
		network := fmt.Sprint("other", i)
		if wait := fail(th, "admin", network); wait != 0 {
			t.Fatalf("after the delay, attempt %d had to wait %s more", i, wait)
		}
		delay := fail(th, "admin", network)
		delays = append(delays, delay)
		if again := fail(th, "admin", network); again != delay {
			t.Fatalf("a refused attempt changed the wait from %s to %s", delay, again)
		}
		clock.Advance(delay - time.Microsecond)
		if wait := fail(th, "admin", network); wait != time.Microsecond {
			t.Fatalf("just before the end of %s the wait is %s", delay, wait)
		}
		clock.Advance(time.Microsecond)
	}
	want := []string{"1s", "2s", "4s", "8s", "16s", "32s", "1m4s", "2m8s", "4m16s", "8m32s", "15m0s", "15m0s", "15m0s"}
	for i, w := range want {
		if got := delays[i].String(); got != w {
			t.Errorf("delay %d = %s, want %s", i, got, w)
		}
	}
}

func TestThrottleForgetsAfterSuccess(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	for range accountBurst - 1 {
		fail(th, "admin", "net")
	}
	a, wait := th.Admit(t.Context(), Who{Account: "admin", Network: "net"})
	if wait != 0 {
		t.Fatalf("wait = %s", wait)
	}
	a.Succeeded(t.Context())
	if len(th.tracked) != 0 {
		t.Errorf("%d keys are still tracked after a success", len(th.tracked))
	}
	for i := range accountBurst + 1 {
		if wait := fail(th, "admin", "net"); wait != 0 {
			t.Fatalf("failure %d after the success had to wait %s", i+1, wait)
		}
	}
}

func TestThrottleForgivesWithTime(t *testing.T) {
	t.Parallel()
	clock := newClock()
	th := newThrottle(clock.Now, newKept())
	for range accountBurst {
		fail(th, "admin", "net")
	}
	clock.Advance(2 * failureLifetime)
	for i := range 2 {
		if wait := fail(th, "admin", "net"); wait != 0 {
			t.Fatalf("attempt %d of the two forgiven had to wait %s", i+1, wait)
		}
	}
	fail(th, "admin", "net")
	if wait := fail(th, "admin", "net"); wait != firstDelay {
		t.Errorf("wait = %s, want %s", wait, firstDelay)
	}
}

func TestThrottleCountsNetworksAcrossAccounts(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	for i := range networkBurst + 1 {
		if wait := fail(th, fmt.Sprint("user", i), "net"); wait != 0 {
			t.Fatalf("failure %d had to wait %s", i+1, wait)
		}
	}
	if wait := fail(th, "someone", "net"); wait != firstDelay {
		t.Errorf("the network waits %s, want %s", wait, firstDelay)
	}
	if wait := fail(th, "someone", "elsewhere"); wait != 0 {
		t.Errorf("another network waits %s", wait)
	}
}

// An attacker who keeps an account at its longest delay must not lock its owner out, not even from
// the owner's own network.
func TestAKnownDeviceIsJudgedByItsOwnFailures(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	for i := range accountBurst + 3 {
		fail(th, "admin", fmt.Sprint("attacker", i))
	}
	for i := range networkBurst + 3 {
		fail(th, fmt.Sprint("made up ", i), "office")
	}
	if wait := fail(th, "admin", "new place"); wait == 0 {
		t.Fatal("the attack did not hold up the account")
	}
	if th.Wait("office", "") == 0 || th.Wait("office", "laptop") != 0 || th.Wait("new place", "") != 0 {
		t.Error("before reading: only the network that failed waits, and not for a known device")
	}
	guess := func(device string) time.Duration {
		_, wait := th.Admit(t.Context(), Who{Account: "admin", Network: "office", Device: device})
		return wait
	}
	for i := range accountBurst + 1 {
		if wait := guess("laptop"); wait != 0 {
			t.Fatalf("the known device waits %s at try %d because of others", wait, i+1)
		}
	}
	if guess("laptop") == 0 || th.Wait("home", "laptop") == 0 {
		t.Error("a known device may fail without end")
	}
	if guess("phone") != 0 {
		t.Error("another device waits for it")
	}
}

func TestFailuresOutliveARestart(t *testing.T) {
	t.Parallel()
	clock, store := newClock(), newKept()
	before := newThrottle(clock.Now, store)
	for i := range accountBurst + 3 {
		fail(before, "admin", fmt.Sprint("attacker", i))
		clock.Advance(4 * time.Second)
	}
	clock.Advance(-4 * time.Second)
	wait := fail(before, "admin", "net")
	after := newThrottle(clock.Now, store)
	if got := fail(after, "admin", "net"); got != wait || wait == 0 {
		t.Errorf("after a restart the account waits %s, want %s", got, wait)
	}
	clock.Advance(wait)
	a, _ := after.Admit(t.Context(), Who{Account: "admin", Network: "net"})
	if a == nil {
		t.Fatal("it waits on")
	}
	a.Succeeded(t.Context())
	if got := fail(newThrottle(clock.Now, store), "admin", "net"); got != 0 {
		t.Errorf("after a success and a restart the account waits %s", got)
	}
}

func TestWithoutTheStoreMemoryJudges(t *testing.T) {
	t.Parallel()
	store := newKept()
	store.down = true
	th := newThrottle(newClock().Now, store)
	for i := range accountBurst + 1 {
		if wait := fail(th, "admin", "net"); wait != 0 {
			t.Fatalf("failure %d waits %s", i+1, wait)
		}
	}
	if wait := fail(th, "admin", "net"); wait != firstDelay {
		t.Errorf("wait = %s, want %s", wait, firstDelay)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	now := newClock().Now()
	d := Devices{Key: func() []byte { return []byte("key") }}
	value := d.Issue("admin", now)
	id := d.Known("admin", value, now.Add(DeviceLifetime))
	if id == "" || id == d.Known("admin", d.Issue("admin", now), now) {
		t.Errorf("the device has the id %q", id)
	}
	for name, known := range map[string]string{
		"another account": d.Known("root", value, now),
		"too late":        d.Known("admin", value, now.Add(DeviceLifetime+2*time.Second)),
		"another key":     Devices{Key: func() []byte { return []byte("other") }}.Known("admin", value, now),
		"cut":             d.Known("admin", value[:len(value)-1], now),
		"changed":         d.Known("admin", changed(value), now),
		"nothing":         d.Known("admin", "", now),
	} {
		if known != "" {
			t.Errorf("%s is known", name)
		}
	}
}

// changed has another first character.
func changed(value string) string {
	if value[0] == 'A' {
		return "B" + value[1:]
	}
	return "A" + value[1:]
}

func TestThrottleTakesBackWhatWasNotTried(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	for range 3 * networkBurst {
		a, wait := th.Admit(t.Context(), Who{Account: "admin", Network: "net"})
		if wait != 0 {
			t.Fatalf("wait = %s", wait)
		}
		a.Withdrawn(t.Context())
	}
}

// Attempts side by side are charged before the password is looked at.
func TestThrottleAdmitsOnlyABurstAtOnce(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		admitted int
	)
	for range 200 {
		wg.Go(func() {
			if wait := fail(th, "admin", "net"); wait == 0 {
				mu.Lock()
				admitted++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if want := accountBurst + 1; admitted != want {
		t.Errorf("%d attempts were admitted at once, want %d", admitted, want)
	}
}

func TestThrottleMemoryIsBoundedAndRemembersTheAttacked(t *testing.T) {
	t.Parallel()
	th := newThrottle(newClock().Now, newKept())
	for i := range accountBurst + 1 {
		fail(th, "admin", fmt.Sprint("attacker", i))
	}
	for i := range 2 * maxTracked {
		fail(th, fmt.Sprint("made-up", i), fmt.Sprint("flood", i))
	}
	if n := len(th.tracked); n > maxTracked {
		t.Errorf("%d keys are tracked, at most %d may be", n, maxTracked)
	}
	if wait := fail(th, "admin", "fresh"); wait == 0 {
		t.Error("a flood of made-up names reset the failures of the account")
	}
}

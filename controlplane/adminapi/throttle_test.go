package adminapi

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// fakeClock is a clock that only tests move.
type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func newFakeClock() *fakeClock {
	return &fakeClock{at: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// fail makes one attempt that fails and returns how long it was told to wait instead.
func fail(t *throttle, account, network string) time.Duration {
	_, wait := t.admit(account, network)
	return wait
}

func TestThrottleDoublesTheDelayUpToItsLimit(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	th := newThrottle(clock.Now)
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
	th := newThrottle(newFakeClock().Now)
	for range accountBurst - 1 {
		fail(th, "admin", "net")
	}
	a, wait := th.admit("admin", "net")
	if wait != 0 {
		t.Fatalf("wait = %s", wait)
	}
	a.succeeded()
	if len(th.tracked) != 0 {
		t.Errorf("%d keys are still tracked after a success", len(th.tracked))
	}
	for i := range networkBurst {
		if wait := fail(th, "admin", "net"); wait != 0 {
			t.Fatalf("failure %d after the success had to wait %s", i+1, wait)
		}
	}
}

func TestThrottleForgivesWithTime(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	th := newThrottle(clock.Now)
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
	th := newThrottle(newFakeClock().Now)
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

// An attacker who keeps an account at its longest delay must not lock its owner out.
func TestThrottleLetsAKnownNetworkIn(t *testing.T) {
	t.Parallel()
	th := newThrottle(newFakeClock().Now)
	owner, _ := th.admit("admin", "home")
	owner.succeeded()
	for i := range accountBurst + 3 {
		fail(th, "admin", fmt.Sprint("attacker", i))
	}
	if wait := fail(th, "admin", "new place"); wait == 0 {
		t.Fatal("the attack did not hold up the account")
	}
	if wait := fail(th, "admin", "home"); wait != 0 {
		t.Errorf("the owner waits %s because of failures elsewhere", wait)
	}
	for range networkBurst {
		fail(th, "admin", "home")
	}
	if wait := fail(th, "admin", "home"); wait == 0 {
		t.Error("a known network may fail without end")
	}
}

func TestThrottleTakesBackWhatWasNotTried(t *testing.T) {
	t.Parallel()
	th := newThrottle(newFakeClock().Now)
	for range 3 * networkBurst {
		a, wait := th.admit("admin", "net")
		if wait != 0 {
			t.Fatalf("wait = %s", wait)
		}
		a.withdrawn()
	}
}

// Attempts side by side are charged before the password is looked at.
func TestThrottleAdmitsOnlyABurstAtOnce(t *testing.T) {
	t.Parallel()
	th := newThrottle(newFakeClock().Now)
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
	th := newThrottle(newFakeClock().Now)
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

package limits

import (
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock(at string) *clock {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	c := &clock{}
	c.at.Store(t.UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) move(by time.Duration) { c.at.Add(int64(by)) }

func newLimiter(c *clock) *Limiter {
	return New(Config{Logger: slog.New(slog.DiscardHandler), Now: c.now})
}

// newKey compiles a key as nodes do.
func newKey(t testing.TB, name string, k *nodev1.ApiKey) *dataplane.APIKey {
	t.Helper()
	k.Name, k.Hash = name, make([]byte, 32)
	s, err := dataplane.Compile(&nodev1.Snapshot{ApiKeys: []*nodev1.ApiKey{k}})
	if err != nil {
		t.Fatal(err)
	}
	for key := range s.Keys() {
		return key
	}
	t.Fatal("no key")
	return nil
}

const usd = dataplane.PicoUSD(1e12)

func mustAcquire(t *testing.T, l *Limiter, key *dataplane.APIKey, want dataplane.Estimate) dataplane.Lease {
	t.Helper()
	lease, _, denial := l.Acquire(key, want)
	if denial != nil {
		t.Fatalf("denied by %s, want a lease", denial.Limit)
	}
	return lease
}

func mustDeny(t *testing.T, l *Limiter, key *dataplane.APIKey, want dataplane.Estimate, by dataplane.Limit) *dataplane.Denial {
	t.Helper()
	_, _, denial := l.Acquire(key, want)
	if denial == nil || denial.Limit != by {
		t.Fatalf("denial %+v, want one by %s", denial, by)
	}
	if denial.Wait <= 0 {
		t.Fatalf("denied by %s for %s, want a time above zero", by, denial.Wait)
	}
	return denial
}

func TestRequestsComeBackAfterAMinute(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 3})
	for want := int64(2); want >= 0; want-- {
		_, q, denial := l.Acquire(key, dataplane.Estimate{})
		if denial != nil || q.Requests.Remaining != want || q.Requests.Limit != 3 || q.Tokens.Limit != 0 {
			t.Fatalf("%+v, %+v, want %d remaining of 3", q, denial, want)
		}
		c.move(10 * time.Second)
	}
	d := mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitRequests)
	if d.Wait != 31*time.Second || d.Max != 3 { // the first was made 30 s ago
		t.Errorf("wait %s for one of %d, want 31s for one of 3", d.Wait, d.Max)
	}
	if q := l.Look(key).Requests; q.Remaining != 0 || q.Reset != 51*time.Second {
		t.Errorf("%+v, want none remaining until 51s", q)
	}
	c.move(d.Wait - time.Millisecond)
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitRequests)
	c.move(time.Millisecond)
	mustAcquire(t, l, key, dataplane.Estimate{})
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitRequests)
	c.move(10 * time.Minute)
	if q := l.Look(key).Requests; q.Remaining != 3 || q.Reset != 0 {
		t.Errorf("%+v after a pause, want all of it", q)
	}
}

// Whatever the arrivals, no 60 seconds hold more than the limit, and whoever waits as long
// as told gets in.
func TestNoMinuteHoldsMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := newClock("2026-11-23T10:00:00Z")
		limit := 1 + r.Int64N(40)
		l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: limit, TokensPerMinute: limit * 100})
		type use struct {
			at     time.Time
			tokens int64
		}
		var made []use
		refused := 0
		for range 3000 {
			c.move(time.Duration(r.Int64N(int64(4 * time.Minute / time.Duration(limit)))))
			tokens := r.Int64N(400)
			lease, _, d := l.Acquire(key, dataplane.Estimate{Tokens: tokens})
			if d != nil {
				refused++
				if r.IntN(4) > 0 || d.Wait == time.Minute {
					continue
				}
				c.move(d.Wait)
				if lease, _, d = l.Acquire(key, dataplane.Estimate{Tokens: tokens}); d != nil && d.Limit == dataplane.LimitRequests {
					t.Fatalf("seed %d: refused again by %s after the wait", seed, d.Limit)
				} else if d != nil {
					continue // the requests were free by then, the tokens not
				}
			}
			lease.Settle(min(tokens, limit*100), 0)
			made = append(made, use{c.now(), min(tokens, limit*100)})
		}
		first, tokens := 0, int64(0)
		for i, u := range made {
			for tokens += u.tokens; !made[first].at.After(u.at.Add(-time.Minute)); first++ {
				tokens -= made[first].tokens
			}
			if n := int64(i - first + 1); n > limit || tokens > limit*100 {
				t.Fatalf("seed %d: %d calls and %d tokens in the minute to %s, limit %d and %d", seed, n, tokens, u.at, limit, limit*100)
			}
		}
		if refused == 0 || len(made) < 100 {
			t.Errorf("seed %d: %d made, %d refused: the limit was not reached", seed, len(made), refused)
		}
	}
}

func TestTokensAreReservedAndSettled(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{TokensPerMinute: 1000})
	first := mustAcquire(t, l, key, dataplane.Estimate{Tokens: 900})
	if d := mustDeny(t, l, key, dataplane.Estimate{Tokens: 101}, dataplane.LimitTokens); d.Want != 101 || d.Max != 1000 {
		t.Errorf("%+v, want 101 of 1000", d)
	}
	second := mustAcquire(t, l, key, dataplane.Estimate{Tokens: 100})

	c.move(5 * time.Second)
	first.Settle(300, 0) // less than reserved: given back where it was taken
	if q := l.Look(key).Tokens; q.Remaining != 600 {
		t.Errorf("%d tokens remain, want 600", q.Remaining)
	}
	first.Settle(900, 0)
	if q := l.Look(key).Tokens; q.Remaining != 600 {
		t.Errorf("%d tokens remain after a second settlement, want 600", q.Remaining)
	}
	c.move(5 * time.Second)
	second.Settle(800, 0) // more: counts from now on, and may exceed the limit
	if q := l.Look(key).Tokens; q.Remaining != 0 || q.Reset != 61*time.Second {
		t.Errorf("%+v, want none remaining for 61s", q)
	}
	c.move(51 * time.Second)
	if q := l.Look(key).Tokens; q.Remaining != 300 {
		t.Errorf("%d tokens remain, want 300: the reserved ones have gone", q.Remaining)
	}

	late := mustAcquire(t, l, key, dataplane.Estimate{Tokens: 300})
	c.move(2 * time.Minute)
	late.Settle(0, 0) // long gone, so there is nothing to give back
	if q := l.Look(key).Tokens; q.Remaining != 1000 {
		t.Errorf("%d tokens remain, want 1000", q.Remaining)
	}
}

func TestACallLargerThanTheLimitGetsInWhenAllIsFree(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{TokensPerMinute: 1000})
	small := mustAcquire(t, l, key, dataplane.Estimate{Tokens: 1})
	mustDeny(t, l, key, dataplane.Estimate{Tokens: 5000}, dataplane.LimitTokens)
	small.Settle(0, 0)
	large := mustAcquire(t, l, key, dataplane.Estimate{Tokens: 5000})
	mustDeny(t, l, key, dataplane.Estimate{Tokens: 1}, dataplane.LimitTokens)
	large.Settle(200, 0)
	mustAcquire(t, l, key, dataplane.Estimate{Tokens: 800})
}

func TestBudgetsEndWithTheirPeriod(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-30T23:59:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "month"})
	mustAcquire(t, l, key, dataplane.Estimate{}).Settle(0, usd-1)
	mustAcquire(t, l, key, dataplane.Estimate{}).Settle(0, 1) // a budget left of 1e-12 USD is one
	if d := mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitBudget); d.Wait != time.Minute {
		t.Errorf("wait %s, want until December", d.Wait)
	}
	c.move(59 * time.Second)
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitBudget)
	c.move(time.Second)
	across := mustAcquire(t, l, key, dataplane.Estimate{})
	c.move(-2 * time.Second) // a clock set back does not bring November back
	mustAcquire(t, l, key, dataplane.Estimate{}).Settle(0, usd/2)
	c.move(2 * time.Second)
	across.Settle(0, usd/2)
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitBudget)

	richer := newKey(t, "k", &nodev1.ApiKey{Budget: 2_000_000, BudgetPeriod: "month"})
	mustAcquire(t, l, richer, dataplane.Estimate{}) // a raised budget counts at once
}

func TestBudgetsAreReservedForCallsInFlight(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	first := mustAcquire(t, l, key, dataplane.Estimate{Cost: usd * 6 / 10})
	second := mustAcquire(t, l, key, dataplane.Estimate{Cost: usd * 6 / 10})
	if d := mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitReserved); d.Wait != time.Second {
		t.Errorf("wait %s, want a second: the calls may turn out cheaper", d.Wait)
	}
	first.Settle(0, usd/10)
	second.Settle(0, usd/10)
	third := mustAcquire(t, l, key, dataplane.Estimate{Cost: usd / 10})
	third.Settle(0, usd*8/10)
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitBudget)
}

func TestConcurrencyIsGivenBack(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{Concurrency: 2})
	first := mustAcquire(t, l, key, dataplane.Estimate{})
	mustAcquire(t, l, key, dataplane.Estimate{})
	if d := mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitConcurrency); d.Wait != time.Second || d.Max != 2 {
		t.Errorf("%+v, want a second, limit 2", d)
	}
	first.Settle(0, 0)
	first.Settle(0, 0) // gives its place back once
	mustAcquire(t, l, key, dataplane.Estimate{})
	mustDeny(t, l, key, dataplane.Estimate{}, dataplane.LimitConcurrency)
}

func TestADeniedCallUsesNothing(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l, key := newLimiter(c), newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 10, TokensPerMinute: 100, Concurrency: 5})
	for range 50 {
		mustDeny(t, l, key, dataplane.Estimate{Tokens: 100}, limitAfter(t, l, key))
	}
	if q := l.Look(key); q.Requests.Remaining != 9 || q.Tokens.Remaining != 99 {
		t.Errorf("%+v, want what one call left", q)
	}
}

// limitAfter makes one call of one token the first time.
func limitAfter(t *testing.T, l *Limiter, key *dataplane.APIKey) dataplane.Limit {
	t.Helper()
	if l.Look(key).Requests.Remaining == 10 {
		mustAcquire(t, l, key, dataplane.Estimate{Tokens: 1})
	}
	return dataplane.LimitTokens
}

// A thousand callers at once never get more than there is, whichever limit it is.
func TestAThousandAtOnceNeverExceedALimit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key  *nodev1.ApiKey
		want dataplane.Estimate
		let  int64
	}{
		"requests":    {&nodev1.ApiKey{RequestsPerMinute: 137}, dataplane.Estimate{}, 137},
		"tokens":      {&nodev1.ApiKey{TokensPerMinute: 1370}, dataplane.Estimate{Tokens: 10}, 137},
		"concurrency": {&nodev1.ApiKey{Concurrency: 137}, dataplane.Estimate{}, 137},
		"budget":      {&nodev1.ApiKey{Budget: 1_370_000, BudgetPeriod: "week"}, dataplane.Estimate{Cost: usd / 100}, 137},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, key := newLimiter(newClock("2026-11-23T10:00:00Z")), newKey(t, "k", tc.key)
			var let atomic.Int64
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() {
					if _, _, denial := l.Acquire(key, tc.want); denial == nil {
						let.Add(1)
					}
				})
			}
			wg.Wait()
			if let.Load() != tc.let {
				t.Errorf("%d calls were let in, want %d", let.Load(), tc.let)
			}
		})
	}
}

// Calls that come and go on many goroutines keep the count of those in flight exact.
func TestInFlightStaysExactUnderLoad(t *testing.T) {
	t.Parallel()
	l := New(Config{Logger: slog.New(slog.DiscardHandler)})
	key := newKey(t, "k", &nodev1.ApiKey{Concurrency: 7, TokensPerMinute: 1 << 40, Budget: 1_000_000, BudgetPeriod: "month"})
	var inFlight, most, let atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 400 {
				lease, _, denial := l.Acquire(key, dataplane.Estimate{Tokens: 5, Cost: 3})
				if denial != nil {
					continue
				}
				n := inFlight.Add(1)
				for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
				}
				let.Add(1)
				inFlight.Add(-1)
				lease.Settle(4, 2)
			}
		})
	}
	wg.Wait()
	a := l.account("k")
	if most.Load() > 7 || a.inFlight != 0 || a.reserved != 0 {
		t.Errorf("at most %d at once, %d in flight and %d reserved at the end, want 7, 0 and 0", most.Load(), a.inFlight, a.reserved)
	}
	if spent := a.spending.total(); spent != dataplane.PicoUSD(2*let.Load()) {
		t.Errorf("%d spent by %d calls, want 2 each", spent, let.Load())
	}
	if a.tokens.sum != 4*let.Load() {
		t.Errorf("%d tokens by %d calls, want 4 each", a.tokens.sum, let.Load())
	}
}

func TestForgottenKeysKeepWhatTheySpent(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l := newLimiter(c)
	spender := newKey(t, "spender", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	caller := newKey(t, "caller", &nodev1.ApiKey{RequestsPerMinute: 1})
	mustAcquire(t, l, spender, dataplane.Estimate{}).Settle(0, usd)
	mustAcquire(t, l, caller, dataplane.Estimate{}).Settle(0, 0)
	none := func(func(*dataplane.APIKey) bool) {}
	l.Use(none, nil) // disabled for a moment
	mustDeny(t, l, spender, dataplane.Estimate{}, dataplane.LimitBudget)
	if _, ok := l.accounts.Load("caller"); ok {
		t.Error("a deleted key without spending is still known")
	}
	c.move(24 * time.Hour)
	l.Use(none, nil)
	if _, ok := l.accounts.Load("spender"); ok {
		t.Error("a deleted key is known beyond its period")
	}
}

func BenchmarkAcquireAndSettle(b *testing.B) {
	l := New(Config{Logger: slog.New(slog.DiscardHandler)})
	key := newKey(b, "k", &nodev1.ApiKey{RequestsPerMinute: 1e9, TokensPerMinute: 1e12, Concurrency: 1e6, Budget: 1e11, BudgetPeriod: "month"})
	b.ReportAllocs()
	for b.Loop() {
		lease, _, _ := l.Acquire(key, dataplane.Estimate{Tokens: 100, Cost: 100})
		lease.Settle(120, 90)
	}
}

// A call of which only the model says how much it may answer reserves what is left, and is no
// longer in the way of others than it runs.
func TestACallReservesOfItsModelsDefaultWhatIsLeft(t *testing.T) {
	t.Parallel()
	c := newClock(start)
	l := newLimiter(c)
	key := newKey(t, "k", &nodev1.ApiKey{TokensPerMinute: 1000})
	want := dataplane.Estimate{Tokens: 4200, Least: 100}
	reserve := func() (dataplane.Lease, *dataplane.Denial) {
		lease, _, denial := l.Begin(key)
		if denial == nil {
			_, denial = lease.Reserve(want)
		}
		return lease, denial
	}
	for used := range int64(9) {
		lease, denial := reserve()
		if denial != nil {
			t.Fatalf("denied by %s after %d tokens, want all that is left reserved", denial.Limit, 100*used)
		}
		beside, denial := reserve()
		if denial == nil || denial.Limit != dataplane.LimitTokens || denial.Want != 100 || denial.Wait != time.Second {
			t.Fatalf("beside it: %+v, want a denial by tokens for a second", denial)
		}
		beside.Cancel()
		lease.Settle(100, 0)
	}
	lease, denial := reserve()
	if denial != nil {
		t.Fatalf("denied by %s with 100 tokens left", denial.Limit)
	}
	lease.Settle(100, 0)
	if _, denial = reserve(); denial == nil || denial.Wait < 50*time.Second {
		t.Errorf("%+v with no tokens left, want a denial until they are back", denial)
	}
}

// Keys that change one by one are known as those that are told all at once; a key is limited as long as one of
// its secrets is.
func TestChangesOfKeys(t *testing.T) {
	t.Parallel()
	c := newClock("2026-11-23T10:00:00Z")
	l := newLimiter(c)
	limited := &nodev1.ApiKey{RequestsPerMinute: 1}
	a, old, free := newKey(t, "a", limited), newKey(t, "a", limited), newKey(t, "a", &nodev1.ApiKey{})
	spender := newKey(t, "spender", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	seq := func(keys ...*dataplane.APIKey) iter.Seq[*dataplane.APIKey] { return slices.Values(keys) }
	wants := func(when string, names ...string) {
		t.Helper()
		for _, name := range []string{"a", "spender"} {
			if got := l.known.has(name); got != slices.Contains(names, name) {
				t.Errorf("%s: %s is known: %t", when, name, got)
			}
		}
	}
	if !l.known.has("anything") {
		t.Error("nothing was told, and a key is not known")
	}
	l.Use(seq(a), nil)
	wants("at first", "a")
	l.Change(seq(), seq(old, spender))
	wants("with a second secret", "a", "spender")
	mustAcquire(t, l, a, dataplane.Estimate{}).Settle(0, 0)
	mustAcquire(t, l, spender, dataplane.Estimate{}).Settle(0, usd)
	l.Change(seq(old), seq())
	wants("without it", "a", "spender")
	l.Change(seq(a, spender), seq(free))
	wants("without a limit")
	if _, ok := l.accounts.Load("a"); ok {
		t.Error("a key that is not limited any more has an account")
	}
	mustDeny(t, l, spender, dataplane.Estimate{}, dataplane.LimitBudget) // it comes back
	l.Change(seq(), seq(spender))
	wants("again", "spender")
	l.Change(seq(spender), seq())
	c.move(24 * time.Hour)
	l.Change(seq(), seq())
	if _, ok := l.accounts.Load("spender"); ok {
		t.Error("a deleted key is known beyond its period")
	}
}

package calllog_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a call store that keeps calls by id.
type memory struct {
	calllog.Store // what is not used here panics
	calllog.GapStore

	mu     sync.Mutex
	calls  map[string]*nodev1.Call
	err    error // of the next call, then gone
	refuse string
	aside  []calllog.Refused
	totals []*nodev1.Total
	gaps   []*nodev1.Gap
	// failAfter is how many calls go well before the one that fails with err.
	failAfter int
	largest   int // most calls removed at once
}

func (m *memory) fail() error {
	if m.failAfter > 0 {
		m.failAfter--
		return nil
	}
	err := m.err
	m.err = nil
	return err
}

func (m *memory) InsertCalls(_ context.Context, _ string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return 0, nil, err
	}
	stored := 0
	var rejected []*nodev1.RejectedCall
	for _, c := range calls {
		if c.GetId() == m.refuse {
			rejected = append(rejected, &nodev1.RejectedCall{Id: c.GetId(), Reason: "refused by the database"})
			continue
		}
		if m.calls[c.GetId()] == nil {
			m.calls[c.GetId()] = c
			stored++
		}
	}
	return stored, rejected, nil
}

func (m *memory) DeleteLimit() int { return 1000 }

func (m *memory) DeleteCallsBefore(_ context.Context, t time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return 0, err
	}
	var old []*nodev1.Call
	for _, c := range m.calls {
		if c.GetStartUs() < t.UnixMicro() {
			old = append(old, c)
		}
	}
	slices.SortFunc(old, func(a, b *nodev1.Call) int { return cmp.Compare(a.GetStartUs(), b.GetStartUs()) })
	old = old[:min(len(old), limit)]
	for _, c := range old {
		delete(m.calls, c.GetId())
	}
	m.largest = max(m.largest, len(old))
	return len(old), nil
}

func (m *memory) KeepCalls(context.Context, time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fail()
}

func (m *memory) PutAside(_ context.Context, records []calllog.Refused) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return err
	}
	m.aside = append(m.aside, records...)
	return nil
}

func (m *memory) DeleteTotalsBefore(context.Context, time.Time, int) (bool, error) {
	return false, nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls)
}

// settings is a configuration of nothing but a retention.
type settings struct {
	mu  sync.Mutex
	cfg *controlplane.Config
}

func (s *settings) Current() *controlplane.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

func (s *settings) keep(d time.Duration) {
	spec := &adminv1.Settings{}
	if d > 0 {
		spec.Retention = &adminv1.Retention{Calls: durationpb.New(d)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg = controlplane.NewConfig(1, "l", []*controlplane.Resource{
		{Kind: controlplane.KindSettings, Name: controlplane.SettingsName, Spec: spec},
	}, nil)
}

var now = time.Date(2026, 7, 8, 9, 10, 11, 0, time.UTC)

func newLog(t *testing.T, store *memory, source *settings, clock func() time.Time) *calllog.Log {
	t.Helper()
	l, err := calllog.New(calllog.Config{Store: store, Gaps: store, Source: source, Logger: slog.New(slog.DiscardHandler), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fixed() time.Time { return now }

func id(i int) string { return fmt.Sprintf("0190f000-0000-7000-8000-%012d", i) }

func call(i int, at time.Time) *nodev1.Call {
	return &nodev1.Call{Id: id(i), StartUs: at.UnixMicro(), Outcome: "ok", Status: 200}
}

func TestIngestStoresOnce(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}}
	l := newLog(t, store, &settings{}, fixed)
	batch := func(from, to int) (calls []*nodev1.Call) {
		for i := from; i < to; i++ {
			calls = append(calls, call(i, now))
		}
		return calls
	}
	for _, tt := range []struct {
		name         string
		calls        []*nodev1.Call
		stored, held int
	}{
		{"new", batch(0, 500), 500, 500},
		{"sent again", batch(0, 500), 0, 500},
		{"sent again with other boundaries", batch(400, 600), 100, 600},
		{"twice in one batch", append(batch(700, 710), batch(700, 710)...), 10, 610},
		{"empty", nil, 0, 610},
	} {
		stored, rejected, err := l.Ingest(t.Context(), "node", tt.calls)
		if err != nil || stored != tt.stored || len(rejected) != 0 || store.count() != tt.held {
			t.Errorf("%s: stored %d, rejected %v, err %v, held %d; want %d and %d", tt.name, stored, rejected, err, store.count(), tt.stored, tt.held)
		}
	}
	_, _, err := l.Ingest(t.Context(), "node", batch(0, 501))
	if errs.CodeOf(err) != errs.InvalidArgument {
		t.Errorf("501 calls: %v", err)
	}
}

func TestIngestPassesOnWhatTheStoreSays(t *testing.T) {
	t.Parallel()
	down := errs.Newf(errs.Unavailable, "the database is away")
	store := &memory{calls: map[string]*nodev1.Call{}, err: down, refuse: id(2)}
	l := newLog(t, store, &settings{}, fixed)
	calls := func() []*nodev1.Call { return []*nodev1.Call{call(1, now), call(2, now), {Id: "nonsense"}} }
	if _, _, err := l.Ingest(t.Context(), "node", calls()); !errors.Is(err, down) {
		t.Errorf("err %v, want the store's", err)
	}
	stored, rejected, err := l.Ingest(t.Context(), "node", calls())
	if err != nil || stored != 1 {
		t.Errorf("stored %d, err %v", stored, err)
	}
	want := []*nodev1.RejectedCall{
		{Id: "nonsense", Reason: "the id is not a UUID in its usual lower-case form"},
		{Id: id(2), Reason: "refused by the database"},
	}
	if diff := gocmp.Diff(want, rejected, protocmp.Transform()); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
}

func TestIngestJudgesCalls(t *testing.T) {
	t.Parallel()
	with := func(change func(*nodev1.Call)) *nodev1.Call {
		c := call(1, now)
		change(c)
		return c
	}
	for _, tt := range []struct {
		name string
		call *nodev1.Call
		want string // part of the reason; empty: stored
	}{
		{"plain", call(1, now), ""},
		{"a week late", call(1, now.Add(-7*24*time.Hour)), ""},
		{"clock a day ahead", call(1, now.Add(25*time.Hour)), ""},
		{"clock a day behind", call(1, now.Add(-25*time.Hour)), ""},
		{"clock far ahead", call(1, now.Add(73*time.Hour)), "more than three days from now"},
		{"no time", with(func(c *nodev1.Call) { c.StartUs = 0 }), "before 2024"},
		{"time before all time", with(func(c *nodev1.Call) { c.StartUs = -1 << 63 }), "before 2024"},
		{"time after all time", with(func(c *nodev1.Call) { c.StartUs = 1<<63 - 1 }), "more than three days from now"},
		{"no id", with(func(c *nodev1.Call) { c.Id = "" }), "not a UUID"},
		{"upper case id", with(func(c *nodev1.Call) { c.Id = strings.ToUpper("0190f000-abcd-7000-8000-000000000001") }), "not a UUID"},
		{"id in braces", with(func(c *nodev1.Call) { c.Id = "{" + id(1) + "}" }), "not a UUID"},
		{"long id", with(func(c *nodev1.Call) { c.Id = strings.Repeat("x", 10_000) }), "not a UUID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := &memory{calls: map[string]*nodev1.Call{}}
			stored, rejected, err := newLog(t, store, &settings{}, fixed).Ingest(t.Context(), "node", []*nodev1.Call{tt.call})
			if err != nil {
				t.Fatal(err)
			}
			if len(store.aside) != len(rejected) {
				t.Errorf("%d records put aside, %d rejected", len(store.aside), len(rejected))
			}
			switch {
			case tt.want == "" && (stored != 1 || len(rejected) != 0):
				t.Errorf("stored %d, rejected %v", stored, rejected)
			case tt.want != "" && (stored != 0 || len(rejected) != 1):
				t.Errorf("stored %d, rejected %v", stored, rejected)
			case tt.want != "" && (!strings.Contains(rejected[0].GetReason(), tt.want) || len(rejected[0].GetId()) > 256):
				t.Errorf("rejected %v, want %q", rejected[0], tt.want)
			}
		})
	}
}

func TestIngestShortensWhatIsTooLong(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}}
	l := newLog(t, store, &settings{}, fixed)
	in := call(1, now)
	in.Model = "a\x00b\nc\x1b[31m" + strings.Repeat("é", 300)
	in.Status, in.Cost, in.DurationUs, in.ClientRetry = 70_000, -1, -5, -2
	in.Usage = &nodev1.Usage{InputTokens: -1, OutputTokens: 4, Source: "invented"}
	in.Attempts = []*nodev1.Attempt{{Reason: strings.Repeat("r", 5000), Provider: "p\xffq", Status: -3, Cost: -9, Usage: &nodev1.Usage{Source: "upstream"}}}
	for range 99 {
		in.Attempts = append(in.Attempts, &nodev1.Attempt{Outcome: "ok"})
	}
	for range 99 {
		in.Skipped = append(in.Skipped, &nodev1.Skipped{Provider: "p\x00", UntilUs: 1 << 62})
	}
	if _, rejected, err := l.Ingest(t.Context(), "node", []*nodev1.Call{in}); err != nil || len(rejected) != 0 {
		t.Fatal(rejected, err)
	}
	got := store.calls[id(1)]
	if s := got.GetSkipped(); len(s) != 64 || s[0].GetProvider() != "p " || s[0].GetUntilUs() != now.Add(365*24*time.Hour).UnixMicro() {
		t.Errorf("%d skipped members, the first %v", len(s), s[0])
	}
	got.Skipped = nil
	if len(got.GetAttempts()) != 64 || got.GetAttempts()[0].GetReason() != strings.Repeat("r", 1024) {
		t.Errorf("%d attempts, reason of %d bytes", len(got.GetAttempts()), len(got.GetAttempts()[0].GetReason()))
	}
	got.Attempts[0].Reason = ""
	got.Attempts = got.Attempts[:1]
	want := call(1, now)
	want.Model = "a b c [31m" + strings.Repeat("é", 123)
	want.Status = 999
	want.Usage = &nodev1.Usage{OutputTokens: 4, Source: "none"}
	want.Attempts = []*nodev1.Attempt{{Provider: "p\uFFFDq", Usage: &nodev1.Usage{Source: "upstream"}}}
	if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestOldCallsAreRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		store := &memory{calls: map[string]*nodev1.Call{}}
		hours := func(n int) time.Time { return began.Add(-time.Duration(n) * time.Hour) }
		for i := range 2500 {
			c := call(i, hours(721))
			store.calls[c.GetId()] = c
		}
		for i, at := range []time.Time{hours(719), hours(50), hours(2), began} {
			c := call(10_000+i, at)
			store.calls[c.GetId()] = c
		}
		source := &settings{}
		source.keep(0) // the default, 720h
		l := newLog(t, store, source, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()

		want := func(when string, n int) {
			t.Helper()
			synctest.Wait()
			if store.count() != n {
				t.Errorf("%s: %d calls are kept, want %d", when, store.count(), n)
			}
		}
		time.Sleep(time.Second)
		want("after the first round", 4)
		store.mu.Lock()
		if store.largest != 1000 {
			t.Errorf("removed %d at once, want chunks of 1000", store.largest)
		}
		store.mu.Unlock()
		source.keep(48 * time.Hour)
		want("before the next round", 4)
		time.Sleep(10 * time.Minute)
		want("after the setting changed", 2)
		source.keep(time.Hour)
		store.mu.Lock()
		store.err = errors.New("the database is away")
		store.mu.Unlock()
		time.Sleep(10 * time.Minute)
		want("after a failed round", 2)
		time.Sleep(10 * time.Minute)
		want("after the round behind it", 1)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (*memory) Receipt(context.Context, string, *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	return nil, nil, nil
}

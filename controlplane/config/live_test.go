package config_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var (
	pepper  = bytes.Repeat([]byte{7}, 32)
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	noonUTC = noon.Truncate(time.Microsecond)
)

// bundle is a loaded Live on an empty store, what works with it, and what it logs.
type bundle struct {
	*config.Live
	*config.Editor
	*config.History
	*config.Opener
	store  *memStore
	sealer controlplane.Sealer
	logs   *safeBuffer
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := replica(t, newMemStore())
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// replica is a Live on a store that others use too; it is not loaded.
func replica(t *testing.T, store *memStore) *bundle {
	t.Helper()
	sealer, err := secrets.New(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{store: store, sealer: sealer, logs: &safeBuffer{}}
	b.Live, err = config.New(config.Options{
		Store: store, Sealer: sealer, Pepper: pepper, AllInOne: true,
		Now: func() time.Time { return noon }, Logger: slog.New(slog.NewTextHandler(b.logs, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Editor, b.History, b.Opener = config.NewEditor(b.Live), config.NewHistory(b.Live), config.NewOpener(b.Live)
	return b
}

// create stores a document that must be accepted.
func (b *bundle) create(t *testing.T, doc proto.Message) *controlplane.Resource {
	t.Helper()
	res, _, err := b.Create(t.Context(), "test", doc)
	if err != nil {
		t.Fatalf("create %v: %v", doc, err)
	}
	return res
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func fake(name string, models ...string) *adminv1.Provider {
	p := &adminv1.Provider{Name: name, Dialect: "fake"}
	for _, id := range models {
		p.Models = append(p.Models, &adminv1.Model{Id: id})
	}
	return p
}

func group(name string, members ...string) *adminv1.Group {
	g := &adminv1.Group{Name: name}
	for _, m := range members {
		provider, model, _ := strings.Cut(m, "/")
		g.Members = append(g.Members, &adminv1.Member{Provider: provider, Model: model})
	}
	return g
}

// refusal asserts the code and a part of the message.
func refusal(t *testing.T, err error, code errs.Code, part string) {
	t.Helper()
	if errs.CodeOf(err) != code || err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v (%s), want %s with %q", err, errs.CodeOf(err), code, part)
	}
}

func TestNewLiveNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	whole := config.Options{
		Store: newMemStore(), Sealer: replica(t, newMemStore()).sealer, Pepper: pepper, Logger: slog.New(slog.DiscardHandler),
	}
	if _, err := config.New(whole); err != nil {
		t.Errorf("a whole configuration: %v", err)
	}
	tests := map[string]func(*config.Options){
		"Store":  func(c *config.Options) { c.Store = nil },
		"Sealer": func(c *config.Options) { c.Sealer = nil },
		"Pepper": func(c *config.Options) { c.Pepper = []byte("short") },
		"Logger": func(c *config.Options) { c.Logger = nil },
	}
	for name, spoil := range tests {
		c := whole
		spoil(&c)
		if _, err := config.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestBeforeLoadNothingIsWritten(t *testing.T) {
	t.Parallel()
	b := replica(t, newMemStore())
	if c := b.Current(); c == nil || c.Revision != 0 {
		t.Errorf("Current = %v, want an empty configuration", c)
	}
	_, _, err := b.Create(t.Context(), "test", fake("p"))
	refusal(t, err, errs.Unavailable, "not loaded")
}

func TestLoadTakesAConfigurationThatPresentRulesRefuse(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	store.replace(controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindFailureKeyword, Name: "overloaded", Revision: 1, Spec: &adminv1.FailureKeyword{Name: "overloaded"}},
	}, nil))
	b := replica(t, store)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Current().Revision != 1 || !strings.Contains(b.logs.String(), `failure_keywords[\"overloaded\"] set either keyword or pattern`) {
		t.Errorf("revision %d, log %s; want the stored one and a warning that names the fault", b.Current().Revision, b.logs)
	}
	// Another change is refused until the fault is fixed, which is possible.
	_, _, err := b.Create(t.Context(), "test", fake("p"))
	refusal(t, err, errs.InvalidArgument, `failure_keywords["overloaded"] set either keyword or pattern`)
	if _, err := b.Update(t.Context(), "test", &adminv1.FailureKeyword{Name: "overloaded", Keyword: "x"}); err != nil {
		t.Errorf("fix it: %v", err)
	}
	b.create(t, fake("p"))
}

func TestSubscribersHearOfEachChangeAndTheLatestWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changed, cancel := b.Subscribe()
	other, cancelOther := b.Subscribe()
	defer cancel()
	if len(changed) != 0 {
		t.Error("there is a value before any change")
	}
	for i := range 3 {
		b.create(t, fake(fmt.Sprintf("p%d", i)))
	}
	<-changed
	if got := b.Current().Revision; got != 3 || len(changed) != 0 {
		t.Errorf("after one value the revision is %d and %d values wait; want 3 and 0", got, len(changed))
	}
	<-other
	cancelOther()
	b.create(t, fake("p3"))
	if len(changed) != 1 || len(other) != 0 {
		t.Errorf("%d values for the subscriber and %d for the one that left; want 1 and 0", len(changed), len(other))
	}
	<-changed
	if _, err := b.Update(t.Context(), "test", fake("p3")); err != nil || len(changed) != 0 {
		t.Errorf("an update that changes nothing: %v, %d values", err, len(changed))
	}
}

func TestRunFollowsOtherReplicas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemStore()
		a, b := replica(t, store), replica(t, store)
		for _, r := range []*bundle{a, b} {
			if err := r.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		synctest.Wait()

		changed, unsubscribe := b.Subscribe()
		defer unsubscribe()
		a.create(t, fake("p"))
		synctest.Wait() // woken by the notification: no time passes
		if len(changed) != 1 || b.Current().Revision != 1 {
			t.Errorf("after a's change b has revision %d, %d values wait; want 1 and 1", b.Current().Revision, len(changed))
		}

		// A notification that is lost costs one poll.
		store.mu.Lock()
		clear(store.wakes)
		store.mu.Unlock()
		a.create(t, fake("q"))
		synctest.Wait()
		if b.Current().Revision != 1 {
			t.Error("b heard of it: the test no longer loses the notification")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if b.Current().Revision != 2 {
			t.Errorf("after a poll b has revision %d, want 2", b.Current().Revision)
		}

		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		if b.logs.String() != "" {
			t.Errorf("log: %s; want nothing to say", b.logs)
		}
	})
}

func TestRunGoesOnThroughAnOutageAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.create(t, fake("p"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		b.store.breakDown(true)
		go func() { done <- b.Run(ctx) }()

		time.Sleep(time.Minute)
		synctest.Wait()
		if b.Current().Revision != 1 {
			t.Errorf("revision %d in the outage, want the one that was known: 1", b.Current().Revision)
		}
		b.store.breakDown(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		b.store.breakDown(true)
		time.Sleep(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		counts := map[string]int{
			"cannot follow the configuration store":                  2,
			"following the configuration store again":                1,
			"cannot receive notifications of configuration changes;": 1,
		}
		for text, want := range counts {
			if got := strings.Count(b.logs.String(), text); got != want {
				t.Errorf("%q is logged %d times, want %d:\n%s", text, got, want, b.logs)
			}
		}
	})
}

func TestRunLoadsWhatCouldNotBeLoadedAtStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemStore()
		first := replica(t, store)
		if err := first.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		first.create(t, fake("p"))
		b := replica(t, store)
		store.breakDown(true)
		if err := b.Load(t.Context()); errs.CodeOf(err) != errs.Unavailable {
			t.Fatalf("Load = %v, want Unavailable", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		time.Sleep(10 * time.Second)
		store.breakDown(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if _, ok := b.Current().Get(controlplane.KindProvider, "p"); !ok {
			t.Error("b does not know the provider after the store came back")
		}
		b.create(t, fake("q"))
		cancel()
		<-done
	})
}

// A database that goes back, as a restored backup does, could bring deleted keys to life.
func TestTheConfigurationNeverGoesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.create(t, fake("p"))
		backup := b.Current()
		b.create(t, fake("q"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		b.store.replace(backup)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if b.Current().Revision != 2 {
			t.Errorf("revision %d, want 2", b.Current().Revision)
		}
		if got := strings.Count(b.logs.String(), "the database went back"); got != 1 {
			t.Errorf("it is logged %d times, want once:\n%s", got, b.logs)
		}
		cancel()
		<-done
	})
}

func TestRacingWritesAreAllKept(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	replicas := []*bundle{replica(t, store), replica(t, store)}
	ctx, cancel := context.WithCancel(t.Context())
	var running, writing sync.WaitGroup
	for _, r := range replicas {
		if err := r.Load(ctx); err != nil {
			t.Fatal(err)
		}
		running.Go(func() { _ = r.Run(ctx) })
		changed, unsubscribe := r.Subscribe()
		defer unsubscribe()
		running.Go(func() {
			last := controlplane.Revision(0)
			for {
				select {
				case <-ctx.Done():
					return
				case <-changed:
				}
				now := r.Current().Revision
				if now < last {
					t.Errorf("a replica went from revision %d back to %d", last, now)
				}
				last = now
			}
		})
	}
	const writers, each = 8, 25
	for w := range writers {
		writing.Go(func() {
			r := replicas[w%2]
			for i := range each {
				if _, _, err := r.Create(ctx, "test", fake(fmt.Sprintf("p-%d-%d", w, i))); err != nil {
					t.Errorf("write: %v", err)
				}
				_, _ = r.Export()
				if _, err := r.Diff([]proto.Message{fake("x")}, config.ApplyOptions{}); err != nil {
					t.Errorf("diff: %v", err)
				}
			}
		})
	}
	writing.Wait()
	for i, r := range replicas {
		deadline := time.Now().Add(20 * time.Second)
		for r.Current().Revision != writers*each && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		c := r.Current()
		if c.Revision != writers*each || c.Count(controlplane.KindProvider) != writers*each {
			t.Errorf("replica %d: revision %d, %d providers; want %d", i, c.Revision, c.Count(controlplane.KindProvider), writers*each)
		}
	}
	cancel()
	running.Wait()
	for i, ch := range store.log {
		if ch.Revision != controlplane.Revision(i+1) {
			t.Fatalf("line %d of the change log has revision %d", i, ch.Revision)
		}
	}
}

func TestOneOfTwoRacingUpdatesIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	etag := config.Public(b.create(t, fake("p"))).(*adminv1.Provider).GetEtag()
	results := make(chan error, 10)
	for i := range cap(results) {
		go func() {
			doc := fake("p", fmt.Sprintf("model-%d", i))
			doc.Etag = etag
			_, err := b.Update(t.Context(), "test", doc)
			results <- err
		}()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			refusal(t, err, errs.Conflict, `Provider "p" has changed in the meantime: its etag is "2", not "1"; read it again`)
		}
	}
	if won != 1 {
		t.Errorf("%d updates with one etag were accepted, want 1", won)
	}
}

func TestAFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("p"))
	before := b.Current()
	b.store.breakDown(true)
	_, _, err := b.Create(t.Context(), "test", fake("q"))
	refusal(t, err, errs.Unavailable, "database is down")
	if _, err := b.Apply(t.Context(), "test", []proto.Message{fake("q")}, config.ApplyOptions{}); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("apply: %v", err)
	}
	if b.Current() != before {
		t.Error("the configuration changed")
	}
}

func seconds(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }

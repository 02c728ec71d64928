package minting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

// server is a token endpoint that can be down. Its tokens live for an hour.
type server struct {
	mu    sync.Mutex
	err   error
	asked []string // client ids
	at    []time.Time
	life  time.Duration
	slow  time.Duration
}

func (s *server) mint(ctx context.Context, spec cloudauth.Spec, _ cloudauth.Way) (cloudauth.Grant, error) {
	s.mu.Lock()
	s.asked, s.at = append(s.asked, spec.ClientID), append(s.at, time.Now())
	err, life, slow := s.err, s.life, s.slow
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return cloudauth.Grant{}, context.Cause(ctx)
	case <-time.After(slow):
	}
	if life == 0 {
		life = time.Hour
	}
	return cloudauth.Grant{Expires: time.Now().Add(life)}, err
}

func (s *server) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *server) clients() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, " ")
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// refusal is what the real minter says of a source that it may not use.
func refusal(t *testing.T) error {
	t.Helper()
	_, err := cloudauth.New(cloudauth.Config{}).Mint(t.Context(), cloudauth.Spec{Kind: cloudauth.Google, Source: cloudauth.Metadata}, cloudauth.Way{})
	return err
}

// snapshot has providers with one credential each, of these clients of one OAuth server.
func snapshot(clients map[string]string) *dataplane.Snapshot {
	s := &dataplane.Snapshot{Providers: map[string]*dataplane.Provider{}}
	for provider, client := range clients {
		cred := &dataplane.Credential{
			Name: "main", Scope: dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: provider, Name: "main"},
			Minted: &dataplane.Minted{Spec: cloudauth.Spec{Kind: cloudauth.OAuth, ClientID: client, Secret: "canary"}},
		}
		plain := &dataplane.Credential{Name: "plain", Secret: "s", Scope: dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: provider, Name: "plain"}}
		s.Providers[provider] = &dataplane.Provider{Name: provider, Credentials: []*dataplane.Credential{cred, plain}}
	}
	return s
}

func scope(provider string) dataplane.Scope {
	return dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: provider, Name: "main"}
}

func newKeeper(t *testing.T, s *server, log io.Writer) (k *Keeper, changes func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	k, err := New(Config{
		Mint: s.mint, Logger: slog.New(slog.NewTextHandler(log, nil)), Metrics: prometheus.NewRegistry(),
		OnChange: func() { mu.Lock(); defer mu.Unlock(); n++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k, func() int { mu.Lock(); defer mu.Unlock(); return n }
}

func TestTokensAreThereBeforeTheSnapshotIsAndAreRenewedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{}
		k, _ := newKeeper(t, up, io.Discard)
		s := snapshot(map[string]string{"a": "one", "b": "one", "c": "two"})
		k.Use(s)
		// Two providers have the same credential, which is minted once.
		if n := up.count(); n != 2 {
			t.Fatalf("%d were minted, want 2", n)
		}
		for name, p := range s.Providers {
			if p.Credentials[0].Minted.Source.Token() == nil {
				t.Errorf("%s has no token", name)
			}
		}
		if s.Providers["a"].Credentials[0].Minted.Source != s.Providers["b"].Credentials[0].Minted.Source {
			t.Error("equal credentials have two sources")
		}
		began := time.Now()
		time.Sleep(12 * time.Hour)
		synctest.Wait()
		up.mu.Lock()
		defer up.mu.Unlock()
		last := map[string]time.Time{"one": began, "two": began}
		for i, client := range up.asked[2:] {
			after := up.at[2+i].Sub(last[client])
			if after < 36*time.Minute || after > 40*time.Minute {
				t.Fatalf("%s was renewed after %s of an hour", client, after)
			}
			last[client] = up.at[2+i]
		}
		if n := len(up.asked); n < 36 || n > 44 {
			t.Errorf("%d mints in 12 hours", n)
		}
	})
}

func TestAnEndpointThatIsAwayIsNoticedWhenTheTokenEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{}
		var log strings.Builder
		k, changes := newKeeper(t, up, &log)
		registry := k.cfg.Metrics.(*prometheus.Registry)
		s := snapshot(map[string]string{"a": "one"})
		k.Use(s)
		source := s.Providers["a"].Credentials[0].Minted.Source
		up.set(errors.New("canary: down"))
		// Traffic goes on until the token ends, ten seconds early.
		time.Sleep(time.Hour - margin - time.Second)
		synctest.Wait()
		if source.Token() == nil {
			t.Fatal("the token was given up before its end")
		}
		if c, ok := k.Condition(scope("a")); !ok || c.State != dataplane.Closed || len(k.Outages()) != 0 {
			t.Errorf("it stands %+v (%v)", c, ok)
		}
		if n := up.count(); n < 20 || n > 40 { // with 1, 2, 4 ... 60 s between them
			t.Errorf("%d tries in the last third of the hour", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if source.Token() != nil {
			t.Error("a token that has ended is used")
		}
		c, _ := k.Condition(scope("a"))
		if c.State != dataplane.Open || c.Reason != dataplane.TokenUnavailable || !c.Until.After(time.Now()) || c.Until.After(time.Now().Add(time.Minute)) {
			t.Errorf("it stands %+v", c)
		}
		out := k.Outages()
		if len(out) != 1 || out[0].Scope != scope("a") || out[0].Detail != "an error of this node's own" {
			t.Errorf("outages %+v", out)
		}
		without, minted := 0.0, map[string]float64{}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if without += m.GetGauge().GetValue(); m.GetCounter() != nil {
					minted[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
				}
			}
		}
		if without != 1 || minted["oauth ok"] != 1 || minted["oauth error"] != float64(up.count()-1) {
			t.Errorf("%v without a token, minted %v", without, minted)
		}
		time.Sleep(time.Hour)
		before := changes()
		up.set(nil)
		time.Sleep(longestPause)
		synctest.Wait()
		if source.Token() == nil || len(k.Outages()) != 0 || changes() == before {
			t.Error("it did not recover within a minute, or nobody was told")
		}
		if text := log.String(); strings.Contains(text, "canary") || !strings.Contains(text, "token acquired after failures") || !strings.Contains(text, "a/main") {
			t.Errorf("the log says %s", text)
		}
	})
}

func TestARefusedCredentialIsAskedForLessOftenAndAtAnAdminsWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{err: refusal(t)}
		k, _ := newKeeper(t, up, io.Discard)
		s := snapshot(map[string]string{"a": "one"})
		k.Use(s)
		if out := k.Outages(); len(out) != 1 || !strings.Contains(out[0].Detail, "--allow-instance-identity") {
			t.Errorf("outages %+v", out)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		before := up.count()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := up.count() - before; n < 12 || n > 14 {
			t.Errorf("%d tries in an hour, want one in five minutes", n)
		}
		before = up.count()
		up.set(nil)
		k.Retry(scope("a"))
		k.Retry(dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "nobody"})
		synctest.Wait()
		if up.count() != before+1 || s.Providers["a"].Credentials[0].Minted.Source.Token() == nil {
			t.Error("it was not tried at once")
		}
		k.Retry(scope("a"))
		synctest.Wait()
		if up.count() != before+1 {
			t.Error("what has a token was minted again")
		}
	})
}

func TestASnapshotChangesWhatIsMinted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{}
		k, _ := newKeeper(t, up, io.Discard)
		first := snapshot(map[string]string{"a": "one", "b": "two"})
		k.Use(first)
		second := snapshot(map[string]string{"a": "one", "b": "three"})
		k.Use(second)
		if got := up.clients(); got != "one two three" && got != "two one three" {
			t.Errorf("minted %q; what is the same goes on, what changed is minted at once", got)
		}
		if second.Providers["a"].Credentials[0].Minted.Source != first.Providers["a"].Credentials[0].Minted.Source {
			t.Error("an unchanged credential has another source")
		}
		if first.Providers["b"].Credentials[0].Minted.Source.Token() == nil {
			t.Error("a call of the old snapshot has lost its token")
		}
		k.Use(snapshot(nil))
		before := up.count()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if up.count() != before {
			t.Error("what was removed is minted still")
		}
		if _, ok := k.Condition(scope("a")); ok || len(k.running) != 0 {
			t.Error("what was removed is kept")
		}
	}) // synctest fails where a goroutine is left
}

func TestASlowEndpointHoldsAConfigurationUpForTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{slow: 9 * time.Second}
		k, _ := newKeeper(t, up, io.Discard)
		s, began := snapshot(map[string]string{"a": "one", "b": "two", "c": "three"}), time.Now()
		k.Use(s)
		if took := time.Since(began); took != firstWait {
			t.Errorf("it took %s", took)
		}
		if c, _ := k.Condition(scope("a")); c.State != dataplane.Open || k.Outages()[0].Detail != "no token has been got yet" {
			t.Errorf("it stands %+v", c)
		}
		time.Sleep(8 * time.Second)
		synctest.Wait()
		if s.Providers["a"].Credentials[0].Minted.Source.Token() == nil {
			t.Error("its token did not come")
		}
		up.mu.Lock()
		up.slow = time.Hour
		up.mu.Unlock()
		go k.Use(snapshot(map[string]string{"a": "four"}))
		synctest.Wait()
		k.Close() // does not wait for the endpoint, nor does Use
	})
}

func TestShortLivesAndEndlessOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &server{life: 6 * time.Second}
		k, _ := newKeeper(t, up, io.Discard)
		s := snapshot(map[string]string{"a": "one"})
		k.Use(s)
		for range 60 {
			time.Sleep(time.Second)
			synctest.Wait()
			if s.Providers["a"].Credentials[0].Minted.Source.Token() == nil {
				t.Fatal("a gap between tokens of 6 s")
			}
		}
		if n := up.count(); n > 14 {
			t.Errorf("%d mints in a minute", n)
		}
	})
}

// Calls read while snapshots come and go; with -race.
func TestReadersAndSnapshots(t *testing.T) {
	t.Parallel()
	k, _ := newKeeper(t, &server{}, io.Discard)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	shared := snapshot(map[string]string{"a": "one"})
	k.Use(shared)
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				k.Condition(scope("a"))
				k.Outages()
				k.Retry(scope("a"))
				if shared.Providers["a"].Credentials[0].Minted.Source.Token() == nil {
					t.Error("no token")
					return
				}
			}
		})
	}
	for i := range 200 {
		k.Use(snapshot(map[string]string{"a": "one", "b": fmt.Sprint("client-", i)}))
	}
	close(stop)
	wg.Wait()
}

func TestReadingATokenCostsNothing(t *testing.T) { // alone: others allocate
	k, _ := newKeeper(t, &server{}, io.Discard)
	s := snapshot(map[string]string{"a": "one"})
	k.Use(s)
	source := s.Providers["a"].Credentials[0].Minted.Source
	if n := testing.AllocsPerRun(100, func() {
		if source.Token() == nil {
			t.Error("no token")
		}
		k.Condition(scope("a"))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

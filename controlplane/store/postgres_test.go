package store_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/controlplane/store/storetest"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestPostgresOutage takes the server away from an open store, in every way, and gives it
// back: the store needs no restart.
func TestPostgresOutage(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	s := open(t, store.Config{URL: server.Database(t)})
	update := storetest.Operations(nil)["Update"]
	if err := update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	base, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, outage := range []struct {
		name       string
		begin, end func(testing.TB)
	}{
		{"stopped", server.Stop, server.Restart},
		{"killed", server.Kill, server.Restart},
		{"hanging", server.Pause, server.Resume},
	} {
		outage.begin(t)
		t.Run(outage.name, func(t *testing.T) {
			storetest.WantUnavailable(t, s, base, 200*time.Millisecond)
		})
		outage.end(t)
		after, err := s.Load(t.Context())
		if err != nil {
			t.Fatalf("after it was %s: %v", outage.name, err)
		}
		// While it hung, an Update that was given up may have been sent.
		if after.Lineage != base.Lineage || after.Revision < base.Revision {
			t.Errorf("after it was %s: revision %d of %s, want at least %d of %s", outage.name, after.Revision, after.Lineage, base.Revision, base.Lineage)
		}
		if err := update(t.Context(), s); err != nil {
			t.Errorf("after it was %s: %v", outage.name, err)
		}
		if base, err = s.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostgresOpenFails(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	there, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	there.User = url.UserPassword("postgres", "s3cr3t")
	missing := *there
	missing.Path = "/nowhere"
	stranger := *there
	stranger.User = url.UserPassword("stranger", "s3cr3t")
	wantOpenError(t, missing.String(), errs.FailedPrecondition)
	wantOpenError(t, stranger.String(), errs.FailedPrecondition)
	server.Stop(t)
	wantOpenError(t, there.String(), errs.Unavailable)
}

func wantOpenError(t *testing.T, url string, want errs.Code) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Errorf("opened %s: %v", url, s.Close())
		return
	}
	if errs.CodeOf(err) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("error %v holds the password", err)
	}
}

// TestReplicasStartTogether: one migrates, the others wait, all agree on the lineage.
func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	const replicas = 4
	url := testenv.Postgres(t)
	var (
		wg       sync.WaitGroup
		lineages [replicas]string
	)
	for i := range replicas {
		wg.Go(func() {
			s, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
				return
			}
			defer s.Close()
			c, err := store.NewConfiguration(s).Load(t.Context())
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
				return
			}
			lineages[i] = c.Lineage
		})
	}
	wg.Wait()
	for i, lineage := range lineages {
		if lineage == "" || lineage != lineages[0] {
			t.Errorf("replica %d has lineage %q, replica 0 %q", i, lineage, lineages[0])
		}
	}
}

// TestNotifyWakesOtherReplicas, also after the server restarted under the listener.
func TestNotifyWakesOtherReplicas(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	url := server.Database(t)
	writer, listener := open(t, store.Config{URL: url}), open(t, store.Config{URL: url})
	base, err := listener.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	woken := make(chan struct{}, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := listener.Notify(ctx, func() { woken <- struct{}{} }); err != nil {
			t.Errorf("Notify: %v", err)
		}
	})
	defer wg.Wait()
	defer cancel()

	await := func(what string) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(30 * time.Second):
			t.Fatalf("not woken when %s", what)
		}
	}
	update := storetest.Operations(nil)["Update"]
	await("the listener connected")
	for range 3 {
		if err := update(t.Context(), writer); err != nil {
			t.Fatal(err)
		}
		await("another replica committed")
		next, err := listener.Follow(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		if next.Revision != base.Revision+1 {
			t.Errorf("woken at revision %d, want %d: before the commit can be seen", next.Revision, base.Revision+1)
		}
		base = next
	}
	if _, err := writer.Update(t.Context(), "tester", nil, func(*controlplane.Config) ([]controlplane.Op, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	if len(woken) > 0 {
		t.Error("woken by an update that changed nothing")
	}
	server.Restart(t)
	await("the listener connected again")
	if err := update(t.Context(), writer); err != nil {
		t.Fatal(err)
	}
	await("another replica committed after the restart")
}

package snapshot_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// source is a configuration that a test changes.
type source struct {
	mu      sync.Mutex
	cfg     *controlplane.Config
	changed chan struct{}
}

func (s *source) Current() *controlplane.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

func (s *source) Subscribe() (<-chan struct{}, func()) { return s.changed, func() {} }

func (s *source) set(cfg *controlplane.Config) {
	s.mu.Lock()
	s.cfg = cfg
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func empty(revision controlplane.Revision) *controlplane.Config {
	return controlplane.NewConfig(revision, "l", nil, nil)
}

func broken(revision controlplane.Revision) *controlplane.Config {
	return controlplane.NewConfig(revision, "l", []*controlplane.Resource{
		resource(controlplane.KindAPIKey, "app", &adminv1.ApiKey{}),
	}, nil)
}

// runHub runs a hub inside a synctest bubble until the test ends.
func runHub(t *testing.T, src *source, log *bytes.Buffer, before ...func(*snapshot.Hub)) *snapshot.Hub {
	t.Helper()
	h, err := snapshot.NewHub(snapshot.Config{
		Source: src, Sealer: openSealer{}, Pepper: []byte("p"),
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range before {
		do(h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
	return h
}

// mail is the revision in the mailbox, 0 when it is empty.
func mail(box <-chan controlplane.Snapshot) uint64 {
	select {
	case full := <-box:
		return full.Revision()
	default:
		return 0
	}
}

func TestHubPublishesTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: empty(1), changed: make(chan struct{}, 1)}
		h := runHub(t, src, &bytes.Buffer{})
		quick, stop := h.Subscribe("n")
		defer stop()
		slow, stopSlow := h.Subscribe("n")
		defer stopSlow()
		if got := mail(quick); got != 1 {
			t.Errorf("a new subscriber got %d, want the present 1", got)
		}
		for r := controlplane.Revision(2); r <= 5; r++ {
			src.set(empty(r))
			time.Sleep(150 * time.Millisecond)
			synctest.Wait()
			if got := mail(quick); got != uint64(r) {
				t.Errorf("quick subscriber got %d, want %d", got, r)
			}
		}
		if first, second := mail(slow), mail(slow); first != 5 || second != 0 {
			t.Errorf("slow subscriber got %d, then %d; want 5, then nothing", first, second)
		}
		stop()
		stop()
		src.set(empty(6))
		time.Sleep(time.Second)
		if got := mail(quick); got != 0 {
			t.Errorf("got %d after the end of the subscription", got)
		}
		if h.Current().Revision() != 6 {
			t.Errorf("current %d, want 6", h.Current().Revision())
		}
	})
}

func TestHubWaitsForChangesToPauseButNotForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: empty(1), changed: make(chan struct{}, 1)}
		h := runHub(t, src, &bytes.Buffer{})
		revision := controlplane.Revision(1)
		change := func() {
			revision++
			src.set(empty(revision))
			synctest.Wait()
		}
		change()
		time.Sleep(99 * time.Millisecond)
		synctest.Wait()
		if got := h.Current().Revision(); got != 1 {
			t.Errorf("published %d before 100ms had passed", got)
		}
		change() // starts the 100 ms again
		time.Sleep(99 * time.Millisecond)
		synctest.Wait()
		if got := h.Current().Revision(); got != 1 {
			t.Errorf("published %d before changes paused", got)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := h.Current().Revision(); got != 3 {
			t.Errorf("revision %d after the pause, want 3", got)
		}
		began := time.Now()
		for h.Current().Revision() == 3 {
			change()
			time.Sleep(50 * time.Millisecond)
			if time.Since(began) > 2*time.Second {
				t.Fatal("changes that never pause are never published")
			}
		}
		if took := time.Since(began); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("published after %s of changes without a pause, want about 1s", took)
		}
	})
}

func TestHubKeepsTheLastGoodSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		src := &source{cfg: controlplane.NewConfig(0, "", nil, nil), changed: make(chan struct{}, 1)} // nothing is loaded yet
		h := runHub(t, src, &log)
		if h.Current() != nil || h.Err() != nil {
			t.Errorf("current %v, err %v before there is a configuration", h.Current(), h.Err())
		}
		box, stop := h.Subscribe("n")
		defer stop()
		step := func(cfg *controlplane.Config) {
			src.set(cfg)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		step(empty(1))
		if got := mail(box); got != 1 {
			t.Errorf("got %d, want 1", got)
		}
		step(broken(2))
		step(broken(3))
		if h.Current().Revision() != 1 || mail(box) != 0 {
			t.Errorf("current %d, want the last good one and nothing sent", h.Current().Revision())
		}
		if err := h.Err(); err == nil || !strings.Contains(err.Error(), `revision 3: api key "app"`) {
			t.Errorf("err %v", err)
		}
		if n := strings.Count(log.String(), "failed to build a snapshot"); n != 1 {
			t.Errorf("the same error was logged %d times", n)
		}
		step(empty(4))
		if h.Err() != nil || mail(box) != 4 {
			t.Errorf("err %v, current %d after it was fixed", h.Err(), h.Current().Revision())
		}
		step(broken(5))
		if n := strings.Count(log.String(), "failed to build a snapshot"); n != 2 {
			t.Errorf("logged %d times, want 2", n)
		}
		step(empty(4)) // taken back
		if h.Err() != nil || h.Current().Revision() != 4 {
			t.Errorf("err %v, current %d after it was taken back", h.Err(), h.Current().Revision())
		}
	})
}

func TestHubBuildsARevisionOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: empty(1), changed: make(chan struct{}, 1)}
		h := runHub(t, src, &bytes.Buffer{})
		before := h.Current()
		for range 3 {
			src.set(empty(1))
			time.Sleep(time.Second)
		}
		if h.Current() != before {
			t.Error("a wake-up without a new revision made a new snapshot")
		}
	})
}

// A database that was replaced may be at the same revision.
func TestHubNoticesAnotherLineage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: empty(1), changed: make(chan struct{}, 1)}
		h := runHub(t, src, &bytes.Buffer{})
		before := h.Current()
		src.set(controlplane.NewConfig(1, "other", []*controlplane.Resource{
			resource(controlplane.KindGroup, "chat", &adminv1.Group{}),
		}, nil))
		time.Sleep(time.Second)
		synctest.Wait()
		if now := h.Current(); now == before || bytes.Equal(now.Digest(), before.Digest()) {
			t.Error("the snapshot of the old database is still published")
		}
	})
}

package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// stages is a staging that a test decides.
type stages struct {
	mu      sync.Mutex
	staged  controlplane.Staged
	err     error
	changed chan struct{}
}

func (s *stages) Stage(context.Context, *controlplane.Config) (controlplane.Staged, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.staged, s.err
}

func (s *stages) Subscribe() (<-chan struct{}, func()) { return s.changed, func() {} }

func (s *stages) set(staged controlplane.Staged, err error) {
	s.mu.Lock()
	s.staged, s.err = staged, err
	s.mu.Unlock()
	s.changed <- struct{}{}
}

// named is a configuration with one group and, as a key would be, nothing that depends on it.
func named(revision controlplane.Revision, group string) *controlplane.Config {
	return controlplane.NewConfig(revision, "l", []*controlplane.Resource{
		resource(controlplane.KindProvider, "p", &adminv1.Provider{BaseUrl: "https://p.example/v1", Models: []*adminv1.Model{{Id: "m"}}}),
		resource(controlplane.KindGroup, group, &adminv1.Group{Members: []*adminv1.Member{{Provider: "p", Model: "m", Priority: 1}}}),
	}, nil)
}

// got is the group of the snapshot in a mailbox, and as of which revision it is held; empty when there is none.
func got(t *testing.T, box <-chan controlplane.Snapshot) (group string, revision, held uint64) {
	t.Helper()
	select {
	case s := <-box:
		full, err := s.Full()
		if err != nil {
			t.Fatal(err)
		}
		out := &nodev1.Snapshot{}
		if err := proto.Unmarshal(unzstd(t, full.GetSnapshotZstd()), out); err != nil {
			t.Fatal(err)
		}
		return out.GetGroups()[0].GetName(), s.Revision(), s.Held()
	default:
		return "", 0, 0
	}
}

func TestAStagedChangeReachesTheFirstNodesOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: named(1, "old"), changed: make(chan struct{}, 1)}
		st := &stages{changed: make(chan struct{}, 1)}
		h := runStagedHub(t, src, st)
		boxes := map[string]<-chan controlplane.Snapshot{}
		for _, node := range []string{"a", "b"} {
			box, stop := h.Subscribe(node)
			defer stop()
			boxes[node] = box
		}
		want := func(node, group string, revision, held uint64) {
			t.Helper()
			time.Sleep(150 * time.Millisecond)
			synctest.Wait()
			if g, r, at := got(t, boxes[node]); g != group || r != revision || at != held {
				t.Errorf("%s gets %q of %d held at %d, want %q of %d held at %d", node, g, r, at, group, revision, held)
			}
		}
		want("a", "old", 1, 0)
		want("b", "old", 1, 0)

		st.set(controlplane.Staged{}, errors.New("nobody knows"))
		src.set(named(2, "new"))
		want("a", "", 0, 0) // until it is known they keep what they have
		if h.Err() == nil {
			t.Error("and nobody is told")
		}
		st.set(controlplane.Staged{Held: named(2, "old"), Base: 1, First: func(string) bool { return false }}, nil)
		want("a", "old", 2, 1)
		want("b", "old", 2, 1)
		if h.Err() != nil {
			t.Error(h.Err())
		}
		st.set(controlplane.Staged{Held: named(2, "old"), Base: 1, First: func(node string) bool { return node == "a" }}, nil)
		want("a", "new", 2, 0)
		want("b", "", 0, 0) // it has that
		late, stop := h.Subscribe("late")
		defer stop()
		boxes["late"] = late
		want("late", "old", 2, 1)
		st.set(controlplane.Staged{}, nil)
		want("b", "new", 2, 0)
		want("late", "new", 2, 0)
		want("a", "", 0, 0)
		src.set(named(3, "newer"))
		want("a", "newer", 3, 0)
	})
}

// A node that had the one gets what changed when it moves to the other.
func TestWhatIsHeldBackIsFollowedByADelta(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{cfg: named(1, "old"), changed: make(chan struct{}, 1)}
		st := &stages{changed: make(chan struct{}, 1)}
		st.staged = controlplane.Staged{Held: named(1, "held"), Base: 1, First: func(string) bool { return false }}
		h := runStagedHub(t, src, st)
		box, stop := h.Subscribe("a")
		defer stop()
		held := <-box
		src.mu.Lock()
		src.cfg = named(2, "new")
		src.mu.Unlock()
		st.set(controlplane.Staged{}, nil)
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		next := <-box
		if d, err := next.Delta(held.Digest()); err != nil || d == nil || next.Revision() != 2 {
			t.Errorf("no delta from what was held back to revision %d: %v", next.Revision(), err)
		}
	})
}

func runStagedHub(t *testing.T, src *source, st *stages) *snapshot.Hub {
	t.Helper()
	return runHub(t, src, &bytes.Buffer{}, func(h *snapshot.Hub) { h.StageBy(st) })
}

func unzstd(t *testing.T, compressed []byte) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	raw, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

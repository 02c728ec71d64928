package proxy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
)

const testKey = "sk-test-0123456789abcdef"

// cutting is a handler whose snapshot refuses the key of smallSnapshot, or not.
func cutting(t *testing.T) (h *Handler, key *dataplane.APIKey, refuse func(cut bool)) {
	t.Helper()
	s := smallSnapshot(t)
	key, ok := s.Key(testKey)
	if !ok {
		t.Fatal("the key is not known")
	}
	h = New(Config{Snapshot: func() *dataplane.Snapshot { return s }})
	return h, key, func(cut bool) {
		s = s.Withdraw(dataplane.Refused{apikey.Hash([]byte("pepper"), testKey): cut})
		if _, ok := s.Key(testKey); ok {
			t.Error("the key is accepted though it is refused")
		}
		h.CutRevoked()
	}
}

// enter lists a stream and returns why it was ended.
func enter(t *testing.T, h *Handler, key *dataplane.APIKey) (c *call, ended func() error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	c = &call{h: h, key: key}
	h.running.enter(c, cancel)
	return c, func() error { return context.Cause(ctx) }
}

func isRevoked(err error) bool {
	up, ok := errors.AsType[timeUp](err)
	return ok && up.outcome == dataplane.KeyRevoked
}

func TestStreamsOfARevokedKeyAreCutOnDemandOnly(t *testing.T) {
	t.Parallel()
	h, key, refuse := cutting(t)
	var streams []func() error
	for range 3 * runningShards {
		_, ended := enter(t, h, key)
		streams = append(streams, ended)
	}
	left, leftEnded := enter(t, h, key)
	h.running.leave(left)
	_, others := enter(t, h, &dataplane.APIKey{Name: "another"})

	refuse(false)
	if slices.ContainsFunc(streams, func(ended func() error) bool { return ended() != nil }) {
		t.Error("a stream was ended without being asked for")
	}
	refuse(true)
	for i, ended := range streams {
		if !isRevoked(ended()) {
			t.Errorf("stream %d goes on, or ended for another reason: %v", i, ended())
		}
	}
	if leftEnded() != nil || others() != nil {
		t.Errorf("a stream that had ended: %v; one of another key: %v", leftEnded(), others())
	}
	if _, late := enter(t, h, key); !isRevoked(late()) {
		t.Error("a stream that was admitted just before goes on")
	}
}

func TestStreamsComeAndGoWhileKeysAreRevoked(t *testing.T) {
	t.Parallel()
	h, key, _ := cutting(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				c, _ := enter(t, h, key)
				h.running.leave(c)
			}
		})
		wg.Go(func() {
			for range 50 {
				h.CutRevoked()
			}
		})
	}
	wg.Wait()
	for i := range h.running.shards {
		if h.running.shards[i].first != nil {
			t.Errorf("shard %d still lists a stream", i)
		}
	}
}

// Not parallel: what other tests allocate would be counted too.
func TestTheOverlayCostsNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	s := smallSnapshot(t).Withdraw(dataplane.Refused{dataplane.KeyHash{1}: false})
	if got := testing.AllocsPerRun(200, func() {
		if _, ok := s.Key(testKey); !ok {
			t.Fatal("the key is not accepted")
		}
	}); got != 0 {
		t.Errorf("%.1f allocations to look a key up, want none", got)
	}
}

package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const testKey = "sk-test-0123456789abcdef"

// revoking is an engine whose snapshot refuses a key, or not.
func revoking(t *testing.T) (e *Engine, key *dataplane.APIKey, refuse func(cut bool)) {
	t.Helper()
	hash := apikey.Hash([]byte("pepper"), testKey)
	s, err := dataplane.Compile(&nodev1.Snapshot{KeyPepper: []byte("pepper"), ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:]}}})
	if err != nil {
		t.Fatal(err)
	}
	key, ok := s.Key(testKey)
	if !ok {
		t.Fatal("the key is not known")
	}
	e = New(Config{Snapshot: func() *dataplane.Snapshot { return s }})
	return e, key, func(cut bool) {
		s = s.WithRevoked(dataplane.RevokedKeys{apikey.Hash([]byte("pepper"), testKey): cut})
		if _, ok := s.Key(testKey); ok {
			t.Error("the key is accepted though it is refused")
		}
		e.EndRevoked()
	}
}

// enter lists a stream and returns why it was ended.
func enter(t *testing.T, e *Engine, key *dataplane.APIKey) (s *activeStream, ended func() error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s = new(activeStream)
	e.enter(s, key, cancel)
	return s, func() error { return context.Cause(ctx) }
}

func isRevoked(err error) bool {
	up, ok := errors.AsType[timeUp](err)
	return ok && up.outcome == dataplane.KeyRevoked
}

func TestStreamsOfARevokedKeyAreCutOnDemandOnly(t *testing.T) {
	t.Parallel()
	e, key, refuse := revoking(t)
	var streams []func() error
	for range 3 * activeShards {
		_, ended := enter(t, e, key)
		streams = append(streams, ended)
	}
	left, leftEnded := enter(t, e, key)
	e.active.leave(left)
	_, others := enter(t, e, &dataplane.APIKey{Name: "another"})

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
	if _, late := enter(t, e, key); !isRevoked(late()) {
		t.Error("a stream that was admitted just before goes on")
	}
}

func TestStreamsComeAndGoWhileKeysAreRevoked(t *testing.T) {
	t.Parallel()
	e, key, _ := revoking(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				s, _ := enter(t, e, key)
				e.active.leave(s)
			}
		})
		wg.Go(func() {
			for range 50 {
				e.EndRevoked()
			}
		})
	}
	wg.Wait()
	for i := range e.active.shards {
		if e.active.shards[i].first != nil {
			t.Errorf("shard %d still lists a stream", i)
		}
	}
}

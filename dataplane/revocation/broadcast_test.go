package revocation_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// node is what a node learned of revocations, and what it knows itself.
type node struct {
	*revocation.Broadcast
	redis *redis.Client

	mu      sync.Mutex
	learned []revocation.Revocation // guarded by mu
	known   []revocation.Revocation // guarded by mu
}

// startNode runs a node that knows some revocations from before Redis was there.
func startNode(t *testing.T, url string, known ...revocation.Revocation) *node {
	t.Helper()
	n := &node{known: known}
	var err error
	n.redis, err = redis.New(redis.Config{URL: url, Environment: t.Name(), Logger: slog.New(slog.DiscardHandler), RetryEvery: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	n.Broadcast = revocation.NewBroadcast(revocation.BroadcastConfig{
		Redis: n.redis,
		Learn: func(list []revocation.Revocation) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.learned = append(n.learned, list...)
		},
		All: func() []revocation.Revocation {
			n.mu.Lock()
			defer n.mu.Unlock()
			return n.known
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		n.redis.Close()
	})
	return n
}

func (n *node) has(want ...revocation.Revocation) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !slices.ContainsFunc(want, func(r revocation.Revocation) bool { return !slices.Contains(n.learned, r) })
}

func (n *node) knows(r revocation.Revocation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = append(n.known, r)
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func gone(n byte) revocation.Revocation {
	return revocation.Revocation{
		Hash: dataplane.KeyHash{n}, Lineage: "3c56-01", Revision: uint64(n), Reason: revocation.Permanent, Cut: n%2 == 0,
	}
}

func TestNodesTellEachOtherWhatIsRevoked(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	a := startNode(t, server.URL(), gone(1))
	b := startNode(t, server.URL())
	eventually(t, "both are connected", func() bool { return a.redis.Up() && b.redis.Up() })
	named := gone(2)
	named.Name = "app"
	a.Publish([]revocation.Revocation{named, gone(3)})
	eventually(t, "the other node learns", func() bool { return b.has(gone(1), gone(2), gone(3)) })

	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	key := "{trunkline:" + t.Name() + "}:rev"
	if n, err := client.ZCard(t.Context(), key).Result(); err != nil || n != 3 {
		t.Errorf("%d revocations in Redis, %v", n, err)
	}
	// What nobody understands does not keep a node from the rest.
	if err := client.ZAdd(t.Context(), key, goredis.Z{Score: 100, Member: "from a newer node"}, goredis.Z{Score: 101, Member: "a:b:c:d:e"}).Err(); err != nil {
		t.Fatal(err)
	}
	late := startNode(t, server.URL())
	eventually(t, "a node that comes later learns all", func() bool { return late.has(gone(1), gone(2), gone(3)) })

	// Redis loses its data: nodes tell again what they know, and go on telling.
	b.knows(gone(4))
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what nodes know is back", func() bool { return a.has(gone(4)) })
	b.Publish([]revocation.Revocation{gone(5)})
	eventually(t, "news arrive after that", func() bool { return a.has(gone(5)) && late.has(gone(5)) })

	// While Redis is away nothing blocks, and nothing is lost.
	server.Kill(t)
	eventually(t, "it is noticed", func() bool { return !a.redis.Up() })
	a.Publish([]revocation.Revocation{gone(6)})
	server.Restart(t)
	eventually(t, "what was published meanwhile arrives", func() bool { return b.has(gone(6)) })
}

// Redis loses its data and gets other data before anybody looks: nothing is missed, although
// the list is as long as it was.
func TestDataThatWasLostBetweenTwoReadsIsNoticed(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	a := startNode(t, server.URL(), gone(1))
	eventually(t, "it reads what it has published", func() bool { return a.has(gone(1)) })
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	key := "{trunkline:" + t.Name() + "}:rev"
	for n := byte(2); n < 6; n++ {
		// As another node would, in one step: the old list is gone, a new one of the same length is there.
		now := float64(time.Now().UnixMicro())
		_, err := client.TxPipelined(t.Context(), func(p goredis.Pipeliner) error {
			p.Del(t.Context(), key)
			p.ZAdd(t.Context(), key, goredis.Z{Score: now, Member: revocation.Encode(gone(n))})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the new one is learned", func() bool { return a.has(gone(n)) })
		eventually(t, "the lost one is published again", func() bool {
			count, err := client.ZCard(t.Context(), key).Result()
			return err == nil && count == 2
		})
	}
}

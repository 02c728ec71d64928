package health_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// board is what a node learned of revocations, and what it knows itself.
type board struct {
	mu      sync.Mutex
	learned []dataplane.Revocation
	known   []dataplane.Revocation
}

func (b *board) use(cfg *health.SharedConfig, s *health.Shared) {
	if s != nil {
		return
	}
	cfg.Revoked = func(list []dataplane.Revocation) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.learned = append(b.learned, list...)
	}
	cfg.Revocations = func() []dataplane.Revocation { return b.known }
}

func (b *board) has(want ...dataplane.Revocation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !slices.ContainsFunc(want, func(r dataplane.Revocation) bool { return !slices.Contains(b.learned, r) })
}

func gone(n byte) dataplane.Revocation {
	return dataplane.Revocation{
		Hash: dataplane.KeyHash{n}, Lineage: "3c56-01", Revision: uint64(n), Reason: dataplane.RevokeForGood, Cut: n%2 == 0,
	}
}

func TestNodesTellEachOtherWhatIsRevoked(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	var first, second, late board
	first.known = []dataplane.Revocation{gone(1)} // from before Redis was there
	a := startNode(t, server.URL(), first.use)
	b := startNode(t, server.URL(), second.use)
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	named := gone(2)
	named.Name = "app"
	a.Revoke([]dataplane.Revocation{named, gone(3)})
	eventually(t, "the other node learns", func() bool { return second.has(gone(1), gone(2), gone(3)) })

	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	key := "{trunkline:" + t.Name() + "}:rev"
	if n, err := client.ZCard(t.Context(), key).Result(); err != nil || n != 3 {
		t.Errorf("%d revocations in Redis, %v", n, err)
	}
	// What nobody understands does not keep a node from the rest.
	if err := client.ZAdd(t.Context(), key, redis.Z{Score: 100, Member: "from a newer node"}, redis.Z{Score: 101, Member: "a:b:c:d:e"}).Err(); err != nil {
		t.Fatal(err)
	}
	startNode(t, server.URL(), late.use)
	eventually(t, "a node that comes later learns all", func() bool { return late.has(gone(1), gone(2), gone(3)) })

	// Redis loses its memory: nodes tell again what they know, and go on telling.
	second.known = []dataplane.Revocation{gone(4)}
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what nodes know is back", func() bool { return first.has(gone(4)) })
	b.Revoke([]dataplane.Revocation{gone(5)})
	eventually(t, "news arrive after that", func() bool { return first.has(gone(5)) && late.has(gone(5)) })

	// While Redis is away nothing blocks, and nothing is lost.
	server.Kill(t)
	a.awaitState(t, "down")
	a.Revoke([]dataplane.Revocation{gone(6)})
	server.Restart(t)
	eventually(t, "what was said meanwhile arrives", func() bool { return second.has(gone(6)) })
}

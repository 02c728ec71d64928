package limits

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// T-R7: the clock of the Redis server was set back by an hour. What a node told before
// counts for as long as if it had told it now, and no longer.
func TestWhatWasToldByAClockAheadIsNotOld(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	a, key := newNode(t, server, c, ""), newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 10})
	mustAcquire(t, a.Limiter, key, dataplane.Estimate{})
	a.tell()
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = client.Close() })
	const hash = "{trunkline:default:limits:k}:w"
	ahead := time.Now().Add(time.Hour).UnixMilli()
	if err := client.HSet(t.Context(), hash, "gone", fmt.Sprintf("%d 4 0 0 0", ahead)).Err(); err != nil {
		t.Fatal(err)
	}
	a.due("k")
	a.tell()
	if q := a.Look(key).Requests; q.Remaining > 6 {
		t.Errorf("%d of 10 are left, want what the other node told counted", q.Remaining)
	}
	told, err := client.HGet(t.Context(), hash, "gone").Result()
	if err != nil {
		t.Fatal(err)
	}
	var at int64
	if _, err := fmt.Sscan(told, &at); err != nil || at > time.Now().UnixMilli() || !strings.HasSuffix(told, " 4 0 0 0") {
		t.Errorf("it is told as %q, want now at the latest", told)
	}
}

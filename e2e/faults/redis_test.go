package faults

import (
	"testing"
	"time"
)

// T-R1, T-R2: calls go on as before while Redis is there, gone, back, frozen and back.
func TestCallsDoNotFeelRedis(t *testing.T) {
	t.Parallel()
	rate, calls := 60, 90
	if long {
		rate, calls = 300, 4500
	}
	f := newFleet(t, setup{config: provider("primary", "status-500") + provider("backup", "ok") + group("g", "primary/status-500", "backup/ok") + keys("g") +
		failover("cooldown: 1s, cooldown_max: 1s")})
	c := f.client(t, appKey)
	for _, phase := range []struct {
		name  string
		begin func(testing.TB)
	}{
		{"up", func(testing.TB) {}},
		{"killed", f.redis.Kill},
		{"back, empty", f.redis.Restart},
		{"frozen", f.redis.Pause},
		{"back", f.redis.Resume},
	} {
		l := c.steadily(t, rate, "g")
		l.more(t, 10)
		phase.begin(t)
		began := time.Now()
		l.more(t, calls)
		all := l.end()
		failed := 0
		for _, a := range all {
			if !a.good() {
				failed++
				t.Errorf("Redis %s: a client was told: %v", phase.name, a)
			}
		}
		since := within(all, began, time.Now())
		t.Logf("figures: Redis %s: %d calls at %d/s, %d failed, p50 %v, p99 %v", phase.name, len(since), rate, failed, quantile(since, 0.5), quantile(since, 0.99))
	}
}

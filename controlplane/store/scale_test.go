package store

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// scaleEnv is how many calls TestScale makes; without it the test is skipped.
const scaleEnv = "TRUNKLINE_SCALE_CALLS"

// TestScale makes calls of 30 days and sums of 12 months on PostgreSQL and prints how long
// what the console asks takes, with the plans of what asks most. It is a measurement, not a
// test: run it with -v, a count such as TRUNKLINE_SCALE_CALLS=5000000, and a long -timeout.
func TestScale(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv(scaleEnv))
	if n == 0 {
		t.Skip("a measurement: set " + scaleEnv)
	}
	s := openPlain(t, testenv.Postgres(t))
	ctx := t.Context()
	end := time.Now().UTC().Truncate(24 * time.Hour)
	timed := func(what string, do func() error) {
		t.Helper()
		began := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-60s %10s", what, time.Since(began).Round(100*time.Microsecond))
	}
	exec := func(what, statement string, args ...any) {
		t.Helper()
		timed(what, func() error {
			_, err := s.engine.Writer().ExecContext(ctx, statement, args...)
			return err
		})
	}

	// The histograms of a sum over some two hundred calls.
	var h controlplane.Histogram
	for i := range 200 {
		h.Count(int64(200_000 + 37_000*i%5_000_000))
	}
	// 5 groups with 4 models of 3 providers, two outcomes, two nodes: 240 sums an hour.
	const combinations = `generate_series(0, 4) g, generate_series(0, 3) m, generate_series(0, 2) p, generate_series(0, 1) o, generate_series(0, 1) sh`
	const key = `'group-' || g, 'provider-' || p, 'model-' || m, CASE o WHEN 0 THEN 'ok' ELSE 'server_error' END, CASE o WHEN 0 THEN 200 ELSE 502 END, sh`
	const numbers = `200, 230, 25, 100000, 20000, 40000, 150000, 77, 300000000, $3, $3`
	sums := func(what string, from time.Time, width time.Duration, table, keys string) {
		exec(what, `INSERT INTO `+table+` SELECT b, `+keys+numbers+` FROM generate_series($1::bigint, $2::bigint - 1, `+strconv.FormatInt(width.Microseconds(), 10)+`) b, `+combinations,
			from.UnixMicro(), end.UnixMicro(), h.Encode())
	}
	sums("make sums per hour, 12 months", end.AddDate(0, 0, -365), time.Hour, "usage_hour", key+", ")
	sums("make sums per minute, 2 days", end.AddDate(0, 0, -2), time.Minute, "usage_minute", key+", ")
	exec("make sums per key and hour, 30 days, 40 keys", `INSERT INTO usage_key_hour SELECT b, 'key-' || k, 'group-' || k % 5, 'provider-' || p, 'model-' || m, 'ok', 200, 0, `+numbers+`
		FROM generate_series($1::bigint, $2::bigint - 1, 3600000000) b, generate_series(0, 39) k, generate_series(0, 2) p, generate_series(0, 3) m`,
		end.AddDate(0, 0, -30).UnixMicro(), end.UnixMicro(), h.Encode())
	exec("analyze", `VACUUM ANALYZE usage_minute, usage_hour, usage_key_hour`)

	ask := func(what string, days int, q controlplane.UsageQuery) {
		q.From, q.To = end.AddDate(0, 0, -days), end
		for range 2 { // the second is with a warm cache
			timed(what, func() error { _, err := s.Usage(ctx, q); return err })
		}
		r, _ := rollupFor(q)
		query, args := s.usageQuery(r, q, q.From.UnixMicro(), q.To.UnixMicro())
		t.Logf("%s", explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) "+query, args, 1))
	}
	ask("summary, 30 days", 30, controlplane.UsageQuery{})
	ask("summary of a group, 30 days", 30, controlplane.UsageQuery{Group: "group-1"})
	ask("series per hour by outcome, 30 days", 30, controlplane.UsageQuery{By: controlplane.ByOutcome, PerBucket: true})
	ask("breakdown by model, 30 days", 30, controlplane.UsageQuery{By: controlplane.ByModel})
	ask("breakdown by key, 30 days", 30, controlplane.UsageQuery{By: controlplane.ByAPIKey})
	ask("one key, 30 days", 30, controlplane.UsageQuery{APIKey: "key-7"})
	ask("series per minute, 1 day", 1, controlplane.UsageQuery{Minutes: true, PerBucket: true})
	timed("summary, 12 months", func() error {
		_, err := s.Usage(ctx, controlplane.UsageQuery{From: end.AddDate(0, 0, -365), To: end})
		return err
	})

	for i := range 30 { // the store makes days ahead only
		d := end.AddDate(0, 0, -1-i)
		for _, table := range []string{"call", "call_provider"} {
			if _, err := s.engine.Writer().ExecContext(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s_%s PARTITION OF %s FOR VALUES FROM (%d) TO (%d)`,
				table, d.Format("20060102"), table, d.UnixMicro(), d.AddDate(0, 0, 1).UnixMicro())); err != nil {
				t.Fatal(err)
			}
		}
	}
	exec(fmt.Sprintf("make %d calls of 30 days", n), `INSERT INTO call SELECT 'call-' || lpad(i::text, 12, '0'), 'node-' || i % 4,
		$1::bigint + (i * (30 * 86400000000::numeric / $2::bigint))::bigint, 'group-' || i % 5, 'key-' || i % 200, CASE WHEN i % 20 = 0 THEN 'server_error' ELSE 'ok' END,
		CASE WHEN i % 20 = 0 THEN 502 ELSE 200 END, decode(repeat(md5(i::text), 12), 'hex') FROM generate_series(0, $2::bigint - 1) i`, end.AddDate(0, 0, -30).UnixMicro(), n)
	exec("make their providers", `INSERT INTO call_provider SELECT 'provider-' || right(id, 1), start_us, id FROM call`)
	exec("analyze", `VACUUM ANALYZE call, call_provider`)
	after := controlplane.CallPosition{StartUS: end.AddDate(0, 0, -15).UnixMicro(), ID: "x"}
	for name, f := range map[string]controlplane.CallFilter{
		"newest": {}, "from the middle": {After: after}, "a group": {Group: "group-2"}, "a key, from the middle": {APIKey: "key-7", After: after},
		"a provider": {Provider: "provider-3"}, "a provider and a rare status": {Provider: "provider-0", Status: 502, After: after},
	} {
		f.Limit = 50
		query, args := listQuery(f)
		plan := explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args, 1)
		t.Logf("list 50: %s: %s", name, plan[strings.LastIndex(plan, "Planning Time"):])
	}
	id := fmt.Sprintf("call-%012d", n/2)
	plan := explain(t, s.engine.Reader(), `EXPLAIN (ANALYZE, COSTS OFF) SELECT node, record FROM call WHERE id = $1`, []any{id}, 1)
	t.Logf("one call by id: %s", plan[strings.LastIndex(plan, "Planning Time"):])
	batch := make([]*nodev1.Call, 500)
	for round := range 20 {
		for i := range batch {
			batch[i] = &nodev1.Call{
				Id: fmt.Sprintf("0193-%06d-%06d", round, i), StartUs: end.Add(time.Duration(i) * time.Millisecond).UnixMicro(), Outcome: "ok", Status: 200,
				Group: fmt.Sprint("group-", i%5), ApiKey: fmt.Sprint("key-", i%40), Provider: fmt.Sprint("provider-", i%3), UpstreamModel: fmt.Sprint("model-", i%4),
				Attempts: []*nodev1.Attempt{{Provider: fmt.Sprint("provider-", i%3)}}, DurationUs: int64(i) * 10_000,
			}
		}
		if round%5 == 0 {
			timed("store 500 calls", func() error { _, _, err := s.InsertCalls(ctx, "node", batch); return err })
		} else if _, _, err := s.InsertCalls(ctx, "node", batch); err != nil {
			t.Fatal(err)
		}
	}
	timed("drop the oldest five days", func() error { _, err := s.KeepCalls(ctx, end.AddDate(0, 0, -25)); return err })
	var size string
	if err := s.engine.Reader().QueryRowContext(ctx, `SELECT string_agg(name || ' ' || size, ', ') FROM (
		SELECT 'calls (30 days)' AS name, pg_size_pretty(sum(pg_total_relation_size(inhrelid))) AS size FROM pg_inherits WHERE inhparent IN ('call'::regclass, 'call_provider'::regclass)
		UNION ALL SELECT t, pg_size_pretty(pg_total_relation_size(t::regclass)) FROM unnest(ARRAY['usage_minute', 'usage_hour', 'usage_key_hour']) t) x`).Scan(&size); err != nil {
		t.Fatal(err)
	}
	t.Log(size)
}

package store

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// scaleEnv is how many calls TestScale makes; without it the test is skipped. scaleDaysEnv is of how
// many days it makes sums, 365 by default, which take 7 GB.
// scaleDatabaseEnv is an empty database to make them in, instead of one that is dropped afterwards.
const (
	scaleEnv         = "TRUNKLINE_SCALE_CALLS"
	scaleDaysEnv     = "TRUNKLINE_SCALE_DAYS"
	scaleDatabaseEnv = "TRUNKLINE_SCALE_DATABASE"
)

// TestScale makes calls of 30 days and sums of 12 months on PostgreSQL and prints how long
// what the console asks takes, with the plans of what asks most. It is a measurement, not a
// test: run it with -v, a count such as TRUNKLINE_SCALE_CALLS=5000000, and a long -timeout.
func TestScale(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv(scaleEnv))
	if n == 0 {
		t.Skip("a measurement: set " + scaleEnv)
	}
	days, err := strconv.Atoi(cmp.Or(os.Getenv(scaleDaysEnv), "365"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	s := openPlain(t, cmp.Or(os.Getenv(scaleDatabaseEnv), testenv.Postgres(t)))
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
	var h usage.Histogram
	for i := range 200 {
		h.Count(int64(200_000 + 37_000*i%5_000_000))
	}
	// 20 groups with 3 models each of 2 providers, two outcomes, two shards: 480 sums an hour.
	// The buckets come in order, as they do when calls come in.
	const numbers = `200, 230, 25, 100000, 20000, 40000, 150000, 77, 300000000, $3, $3`
	const partNumbers = `4000, 3800, 4600, 500, 450, 2000000, 400000, 800000, 3000000, 77, 6000000000, $3, $3`
	const combination = `'group-' || g, 'provider-' || (g + p) % 6, 'model-' || g * 3 + m, CASE o WHEN 0 THEN 'ok' ELSE 'server_error' END, CASE o WHEN 0 THEN 200 ELSE 502 END, sh, `
	const combinations = `generate_series(0, 19) g, generate_series(0, 2) m, generate_series(0, 1) p, generate_series(0, 1) o, generate_series(0, 1) sh`
	const part = `property, value, sh, `
	const parts = `(SELECT '' AS property, '' AS value UNION ALL SELECT 'group', 'group-' || i FROM generate_series(0, 19) i
		UNION ALL SELECT 'provider', 'provider-' || i FROM generate_series(0, 5) i UNION ALL SELECT 'model', 'model-' || i FROM generate_series(0, 59) i
		UNION ALL SELECT 'outcome', o FROM unnest(ARRAY['ok', 'server_error']) o) v, generate_series(0, 1) sh`
	const keyCombination = `'key-' || k, 'group-' || k % 20, 'provider-' || (k + p) % 6, 'model-' || k % 60, 'ok', 200, 0, `
	const keyCombinations = `generate_series(0, 199) k, generate_series(0, 1) p`
	sums := func(what string, days int, width time.Duration, table, columns, from, numbers string) {
		exec(fmt.Sprintf("make sums %s, %d days", what, days), `INSERT INTO `+table+` SELECT b, `+columns+numbers+` FROM generate_series($1::bigint, $2::bigint - 1, `+
			strconv.FormatInt(width.Microseconds(), 10)+`) b, `+from+` ORDER BY b`, end.AddDate(0, 0, -days).UnixMicro(), end.UnixMicro(), h.Encode())
	}
	sums("per hour", days, time.Hour, "usage_hour", combination, combinations, numbers)
	sums("per day", days, 24*time.Hour, "usage_day", combination, combinations, numbers)
	sums("per minute", 1, time.Minute, "usage_minute", combination, combinations, numbers)
	sums("per key and hour, 200 keys", days, time.Hour, "usage_key_hour", keyCombination, keyCombinations, numbers)
	sums("of parts per hour", days, time.Hour, "usage_hour_part", part, parts, partNumbers)
	sums("of parts per minute", 2, time.Minute, "usage_minute_part", part, parts, partNumbers)
	sums("of parts per day", days, 24*time.Hour, "usage_day_part", part, parts, partNumbers)
	sums("of keys per day", days, 24*time.Hour, "usage_day_part", part, `(SELECT 'api_key' AS property, 'key-' || i AS value FROM generate_series(0, 199) i) v, generate_series(0, 1) sh`, partNumbers)
	// As many sums over attempts: a failed one in twelve.
	const attemptNumbers = `200, 184, 10, 300000000, $3, $3`
	const attemptCombination = `'group-' || g, 'provider-' || (g + p) % 6, 'model-' || g * 3 + m, CASE o WHEN 0 THEN 'ok' ELSE 'server_error' END, sh, `
	sums("over attempts per hour", days, time.Hour, "attempt_hour", attemptCombination, combinations, attemptNumbers)
	sums("over attempts per minute", 2, time.Minute, "attempt_minute", attemptCombination, combinations, attemptNumbers)
	sums("over attempts per day", days, 24*time.Hour, "attempt_day", attemptCombination, combinations, attemptNumbers)
	sums("over attempts of parts per hour", days, time.Hour, "attempt_hour_part", `property, value, o, sh, `, `(SELECT '' AS property, '' AS value
		UNION ALL SELECT 'group', 'group-' || i FROM generate_series(0, 19) i UNION ALL SELECT 'provider', 'provider-' || i FROM generate_series(0, 5) i
		UNION ALL SELECT 'model', 'model-' || i FROM generate_series(0, 59) i) v, unnest(ARRAY['ok', 'server_error']) o, generate_series(0, 1) sh`, attemptNumbers)
	exec("analyze", `VACUUM ANALYZE attempt_minute, attempt_hour, attempt_day, attempt_hour_part`)
	exec("analyze", `VACUUM ANALYZE usage_minute, usage_hour, usage_day, usage_key_hour, usage_minute_part, usage_hour_part, usage_day_part`)

	ask := func(what string, days int, q calllog.UsageQuery) {
		q.From, q.To = end.AddDate(0, 0, -days), end
		for range 2 { // the second is with a warm cache
			timed(what, func() error { _, err := NewUsage(s).Usage(ctx, q); return err })
		}
		pieces, err := usagePieces(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces {
			if piece.from < piece.to {
				query, args := NewUsage(s).usageQuery(piece.rollup, q, piece.from, piece.to)
				t.Logf("%s", explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) "+query, args, 1))
			}
		}
	}
	ask("summary, 30 days", 30, calllog.UsageQuery{})
	ask("summary of a group, 30 days", 30, calllog.UsageQuery{Group: "group-1"})
	ask("series by hour, 30 days", 30, calllog.UsageQuery{PerBucket: true})
	ask("series by hour and outcome, 30 days", 30, calllog.UsageQuery{By: calllog.ByOutcome, PerBucket: true})
	ask("series by hour and model, 30 days", 30, calllog.UsageQuery{By: calllog.ByModel, PerBucket: true})
	ask("six models of them, 30 days", 30, calllog.UsageQuery{By: calllog.ByModel, PerBucket: true, Values: []string{"model-1", "model-2", "model-3", "model-4", "model-5", "model-6"}})
	ask("breakdown by model, 30 days", 30, calllog.UsageQuery{By: calllog.ByModel})
	ask("breakdown of a group by model, 30 days", 30, calllog.UsageQuery{By: calllog.ByModel, Group: "group-1"})
	ask("breakdown of a provider by model, 30 days", 30, calllog.UsageQuery{By: calllog.ByModel, Provider: "provider-1"})
	ask("breakdown by key, 30 days", 30, calllog.UsageQuery{By: calllog.ByAPIKey})
	ask("six keys by hour, 30 days", 30, calllog.UsageQuery{By: calllog.ByAPIKey, PerBucket: true, Values: []string{"key-1", "key-2", "key-3", "key-4", "key-5", "key-6"}})
	ask("one key, 30 days", 30, calllog.UsageQuery{APIKey: "key-7"})
	ask("one key by model, per hour, 30 days", 30, calllog.UsageQuery{APIKey: "key-7", By: calllog.ByModel, PerBucket: true})
	ask("series per minute, 1 day", 1, calllog.UsageQuery{Minutes: true, PerBucket: true})
	ask("series per minute and provider, 1 day", 1, calllog.UsageQuery{Minutes: true, PerBucket: true, By: calllog.ByProvider})
	attempts := func(what string, from, to time.Time, q calllog.UsageQuery) {
		q.From, q.To = from, to
		for range 2 {
			timed("attempts: "+what, func() error { _, err := NewUsage(s).AttemptUsage(ctx, q); return err })
		}
		pieces, err := attemptPieces(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces {
			if piece.from < piece.to {
				query, args := NewUsage(s).usageQuery(piece.rollup, q, piece.from, piece.to)
				t.Logf("%s", firstLines(explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args, 1), 8))
			}
		}
	}
	month := end.AddDate(0, 0, -30)
	odd, until := month.Add(5*time.Hour), end.Add(-7*time.Hour) // hours at both ends
	attempts("30 days by provider", odd, until, calllog.UsageQuery{By: calllog.ByProvider})
	attempts("30 days by provider, then outcome", odd, until, calllog.UsageQuery{By: calllog.ByProvider, ThenBy: calllog.ByOutcome})
	attempts("30 days of a group by model, then outcome", odd, until, calllog.UsageQuery{Group: "group-1", By: calllog.ByModel, ThenBy: calllog.ByOutcome})
	attempts("30 days of a provider by outcome", odd, until, calllog.UsageQuery{Provider: "provider-1", By: calllog.ByOutcome})
	attempts("59 minutes by provider, then outcome", end.Add(-59*time.Minute), end, calllog.UsageQuery{Minutes: true, By: calllog.ByProvider, ThenBy: calllog.ByOutcome})
	attempts("30 days by hour", month, end, calllog.UsageQuery{PerBucket: true})
	attempts("30 days by hour and provider", month, end, calllog.UsageQuery{PerBucket: true, By: calllog.ByProvider})
	attempts("30 days by hour of a group, by provider", month, end, calllog.UsageQuery{PerBucket: true, Group: "group-1", By: calllog.ByProvider})
	attempts("30 days by hour of a provider, by outcome", month, end, calllog.UsageQuery{PerBucket: true, Provider: "provider-1", By: calllog.ByOutcome})
	timed("summary, 12 months", func() error {
		_, err := NewUsage(s).Usage(ctx, calllog.UsageQuery{From: end.AddDate(0, 0, -365), To: end})
		return err
	})

	timed(fmt.Sprintf("make %d calls of 30 days", n), func() error { return makeCalls(ctx, s, end, int64(n/30)) })
	exec("analyze", `VACUUM ANALYZE call, call_provider`)
	after := calllog.Position{StartUS: end.AddDate(0, 0, -15).UnixMicro(), ID: "x"}
	day := calllog.Filter{From: end.AddDate(0, 0, -12), To: end.AddDate(0, 0, -11)}
	for _, search := range []struct {
		name string
		f    calllog.Filter
	}{
		{"newest", calllog.Filter{}}, {"from the middle", calllog.Filter{After: after}}, {"a day", day},
		{"a group", calllog.Filter{Group: "group-2"}}, {"a group that went quiet", calllog.Filter{Group: "group-5"}},
		{"an unknown group", calllog.Filter{Group: "nobody"}}, {"a key, from the middle", calllog.Filter{APIKey: "key-7", After: after}},
		{"an outcome", calllog.Filter{Outcome: "server_error"}}, {"an outcome that never was", calllog.Filter{Outcome: "timeout"}},
		{"a status", calllog.Filter{Status: 502, After: after}}, {"a provider", calllog.Filter{Provider: "provider-3"}},
		{"a provider, from the middle", calllog.Filter{Provider: "provider-3", After: after}},
		{"a provider on a day", calllog.Filter{Provider: "provider-3", From: day.From, To: day.To}},
		{"a provider and a rare status", calllog.Filter{Provider: "provider-0", Status: 502, After: after}},
		{"a provider that never failed", calllog.Filter{Provider: "provider-3", Outcome: "server_error"}},
		{"a provider and a group", calllog.Filter{Provider: "provider-4", Group: "group-14"}},
		{"a provider and a group it never served", calllog.Filter{Provider: "provider-3", Group: "group-14"}},
		{"a group that never failed", calllog.Filter{Group: "group-2", Outcome: "server_error"}},
		{"a key and a status it never had", calllog.Filter{APIKey: "key-7", Status: 502}},
		{"a group and a key", calllog.Filter{Group: "group-7", APIKey: "key-7"}},
		{"a group and a key that never used it", calllog.Filter{Group: "group-8", APIKey: "key-7"}},
		{"a model", calllog.Filter{Model: "model-7"}}, {"a model of a day", calllog.Filter{Model: "model-7", From: day.From, To: day.To}},
		{"an unknown model (reads everything)", calllog.Filter{Model: "nobody"}},
		{"an unknown model of a day", calllog.Filter{Model: "nobody", From: day.From, To: day.To}},
		{"longer than 30 s", calllog.Filter{MinDuration: 30 * time.Second}},
		{"failed in the last day", calllog.Filter{Failed: true, From: end.AddDate(0, 0, -1)}}, {"failed over in the last day", calllog.Filter{FailedOver: true, From: end.AddDate(0, 0, -1)}},
		{"failed, from the middle", calllog.Filter{Failed: true, After: after}}, {"a group that never failed, failed", calllog.Filter{Group: "group-2", Failed: true}},
		{"a provider that never failed, failed", calllog.Filter{Provider: "provider-3", Failed: true}}, {"a group and a key that never failed over", calllog.Filter{Group: "group-1", APIKey: "key-1", FailedOver: true}},
		{"a provider, an attempt failed", calllog.Filter{Provider: "provider-0", AttemptOutcome: "server_error", From: end.AddDate(0, 0, -1)}}, {"a provider, failed", calllog.Filter{Provider: "provider-0", Failed: true}}, {"failed and failed over", calllog.Filter{Failed: true, FailedOver: true}},
		{"cost in a day", calllog.Filter{MinCost: 999_000_000, From: day.From, To: day.To}}, {"cost that never was in a day", calllog.Filter{MinCost: 1 << 60, From: day.From, To: day.To}},
		{"a node and not streamed", calllog.Filter{Node: "node-2", Stream: new(bool)}},
	} {
		search.f.Limit = 50
		query, args := listQuery(search.f)
		for _, cache := range []string{"cold", "warm"} {
			plan := explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args, 1)
			t.Logf("list 50: %s, %s: %s", search.name, cache, plan[strings.LastIndex(plan, "Planning Time"):])
			if cache == "warm" && (search.f.Provider != "" || strings.Contains(search.name, "never") || strings.Contains(search.name, "failed")) {
				t.Log(firstLines(plan, 12))
			}
		}
	}
	id := fmt.Sprintf("call-%012d", n/2)
	plan := explain(t, s.engine.Reader(), `EXPLAIN (ANALYZE, COSTS OFF) SELECT node, record FROM call WHERE id = $1`, []any{id}, 1)
	t.Logf("one call by id: %s", plan[strings.LastIndex(plan, "Planning Time"):])
	for _, f := range []calllog.Filter{{}, {Provider: "provider-3"}, {Outcome: "timeout"}} {
		query, args := recentQuery(f, end.Add(-5*time.Second), 501)
		plan := explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args, 1)
		t.Logf("follow, %+v: %s", f, plan[strings.LastIndex(plan, "Planning Time"):])
	}
	keys := map[string]time.Time{}
	for i := range 1000 { // of 200 that have been used, and of 800 that have not
		keys[fmt.Sprint("key-", i)] = month
	}
	for range 3 {
		timed("the use of 1000 API keys, 30 days", func() error { _, err := NewUsage(s).KeyUse(ctx, keys); return err })
	}
	names, since := []any{}, []any{}
	for name, day := range keys {
		names, since = append(names, name), append(since, name, day.UnixMicro())
	}
	t.Log(firstLines(explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+given([]string{"name"}, []string{"TEXT"}, len(names))+lastUseQuery, names, 1), 30))
	t.Log(explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, COSTS OFF) "+given([]string{"name", "since"}, []string{"TEXT", "BIGINT"}, len(names))+spendingQuery, since, 1))
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
			timed("store 500 calls", func() error { _, _, err := NewCalls(s).InsertCalls(ctx, "node", batch); return err })
		} else if _, _, err := NewCalls(s).InsertCalls(ctx, "node", batch); err != nil {
			t.Fatal(err)
		}
	}
	measureRetention(t, s, end, &nodev1.Call{Group: "group-1", ApiKey: "key-1", Provider: "provider-1"})
	var size string
	if err := s.engine.Reader().QueryRowContext(ctx, `SELECT string_agg(name || ' ' || size, ', ') FROM (
		SELECT 'calls (30 days)' AS name, pg_size_pretty(sum(pg_total_relation_size(inhrelid))) AS size FROM pg_inherits WHERE inhparent IN ('call'::regclass, 'call_provider'::regclass)
		UNION ALL SELECT t, pg_size_pretty(pg_total_relation_size(t::regclass)) FROM unnest(ARRAY['usage_minute', 'usage_hour', 'usage_day', 'usage_key_hour', 'usage_minute_part', 'usage_hour_part', 'usage_day_part', 'attempt_minute', 'attempt_hour', 'attempt_day', 'attempt_hour_part']) t) x`).Scan(&size); err != nil {
		t.Fatal(err)
	}
	t.Log(size)
}

// firstLines cuts a plan, which has the same lines for each day.
func firstLines(plan string, n int) string {
	lines := strings.Split(plan, "\n")
	return strings.Join(lines[:min(len(lines), n)], "\n")
}

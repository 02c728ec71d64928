package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// rollup is a table of sums.
type rollup struct {
	table string
	width time.Duration // of a bucket
	keyed bool          // has a sum for each API key
	// parts are what calls are summed up by, each by itself; none: by everything together.
	parts []calllog.UsageBy
}

// Sums are kept per minute and per hour. Those that know API keys are apart: with a
// thousand keys they are nearly as many as the calls, and most questions are not about keys.
//
// Sums by everything together answer any question, but there are as many of them as
// combinations that occur. Nearly every question is about one property or none, and those
// are answered by parts, of which there are as many as there are values.
var (
	perMinute     = rollup{table: "usage_minute", width: time.Minute}
	perHour       = rollup{table: "usage_hour", width: time.Hour}
	perKeyHour    = rollup{table: "usage_key_hour", width: time.Hour, keyed: true}
	partsByMinute = rollup{table: "usage_minute_part", width: time.Minute, parts: properties}
	partsByHour   = rollup{table: "usage_hour_part", width: time.Hour, parts: properties}
	partsByDay    = rollup{table: "usage_day_part", width: 24 * time.Hour, parts: append(slices.Clip(properties), calllog.ByAPIKey)}
	rollups       = []rollup{perMinute, perHour, perKeyHour, partsByMinute, partsByHour, partsByDay}
)

// properties are those of which there are few values.
var properties = []calllog.UsageBy{
	calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel, calllog.ByOutcome,
}

// maxSum is the most that a sum may come to, in whatever it counts: far beyond what all
// nodes can serve in a day, and little enough that dozens of such sums add up. It stops
// there, so that a node which makes up what it sends spoils that sum only: one that
// overflowed would keep all that is added to it from being stored.
const maxSum = 100_000_000_000_000_000

// shards is how many rows a sum may be spread over.
const shards = 8

// shardOf is the shard a node adds to.
func shardOf(node string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(node)) // never fails
	return int(h.Sum32() % shards)
}

// sumKey is which sum of a table.
type sumKey struct {
	bucket int64 // when it begins, in microseconds
	usage.Key
	// Of a part, which has nothing in UsageKey: what it is summed up by, and the value.
	by    calllog.UsageBy
	value string
}

func (k sumKey) compare(o sumKey) int {
	return cmp.Or(cmp.Compare(k.bucket, o.bucket), cmp.Compare(k.by, o.by), cmp.Compare(k.value, o.value), k.Key.Compare(o.Key))
}

// keysOf are the sums of this table that calls of a key belong to which arrived at a time.
func (r rollup) keysOf(us int64, k usage.Key) []sumKey {
	bucket := floor(us, r.width)
	if r.parts == nil {
		if !r.keyed {
			k.APIKey = ""
		}
		return []sumKey{{bucket: bucket, Key: k}}
	}
	keys := make([]sumKey, len(r.parts))
	for i, by := range r.parts {
		keys[i] = sumKey{bucket: bucket, by: by, value: valueOf(k, by)}
	}
	return keys
}

// valueOf is the value that a key has of a property.
func valueOf(k usage.Key, by calllog.UsageBy) string {
	switch by {
	case calllog.ByGroup:
		return k.Group
	case calllog.ByProvider:
		return k.Provider
	case calllog.ByModel:
		return k.Model
	case calllog.ByOutcome:
		return k.Outcome
	case calllog.ByAPIKey:
		return k.APIKey
	}
	return ""
}

// floor is the start of the bucket that holds a moment.
func floor(us int64, width time.Duration) int64 {
	w := width.Microseconds()
	rest := us % w
	if rest < 0 {
		rest += w
	}
	return us - rest
}

// sum sums calls up for this table.
func (r rollup) sum(calls []*nodev1.Call) map[sumKey]*usage.Sum {
	sums := map[sumKey]*usage.Sum{}
	for _, c := range calls {
		r.count(sums, c)
	}
	return sums
}

func (r rollup) count(sums map[sumKey]*usage.Sum, c *nodev1.Call) {
	for _, k := range r.keysOf(c.GetStartUs(), usage.KeyOf(c)) {
		if sums[k] == nil {
			sums[k] = &usage.Sum{}
		}
		sums[k].Count(c)
	}
}

// keyColumns name a sum, keyArgs are their values.
func (r rollup) keyColumns() string {
	if r.parts != nil {
		return "bucket, property, value"
	}
	if r.keyed {
		return "bucket, api_key, group_name, provider, model, outcome, status"
	}
	return "bucket, group_name, provider, model, outcome, status"
}

func (r rollup) keyArgs(k sumKey) []any {
	if r.parts != nil {
		return []any{k.bucket, string(k.by), k.value}
	}
	if r.keyed {
		return []any{k.bucket, k.APIKey, k.Group, k.Provider, k.Model, k.Outcome, k.Status}
	}
	return []any{k.bucket, k.Group, k.Provider, k.Model, k.Outcome, k.Status}
}

// scanInto is where the values of keyColumns go.
func (r rollup) scanInto(k *sumKey) []any {
	if r.parts != nil {
		return []any{&k.bucket, &k.by, &k.value}
	}
	if r.keyed {
		return []any{&k.bucket, &k.APIKey, &k.Group, &k.Provider, &k.Model, &k.Outcome, &k.Status}
	}
	return []any{&k.bucket, &k.Group, &k.Provider, &k.Model, &k.Outcome, &k.Status}
}

// rollUp adds calls, which must be new ones of this transaction, to the sums. It comes
// last in the transaction: sums are the rows that others wait for.
func rollUp(ctx context.Context, tx *sql.Tx, node string, calls []*nodev1.Call) error {
	if len(calls) == 0 {
		return nil
	}
	for _, r := range rollups {
		if err := r.add(ctx, tx, shardOf(node), r.sum(calls)); err != nil {
			return fmt.Errorf("add to %s: %w", r.table, err)
		}
	}
	return nil
}

// add adds to the stored sums. Numbers are added by the database. Histograms are added
// here: the database returns those of the rows it updated, which are locked from then on.
// Rows are taken in the order of their keys: transactions that add to the same sums wait
// for each other instead of deadlocking.
func (r rollup) add(ctx context.Context, tx *sql.Tx, shard int, sums map[sumKey]*usage.Sum) error {
	keys := make([]sumKey, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, sumKey.compare)
	var merged [][]any
	for batch := range batches(keys) {
		there, err := r.addNumbers(ctx, tx, shard, batch, sums)
		if err != nil {
			return err
		}
		for _, row := range there {
			mine, ok := sums[row.key]
			switch {
			case !ok:
				return errors.New("the database returned a sum that was not sent")
			case row.calls == mine.Calls:
				continue // a new row: its histograms are the ones that were sent
			}
			latency, firstToken := mine.Latency, mine.FirstToken
			if err := errors.Join(latency.AddEncoded(row.latency), firstToken.AddEncoded(row.firstToken)); err != nil {
				return err
			}
			merged = append(merged, append(r.keyArgs(row.key), shard, latency.Encode(), firstToken.Encode()))
		}
	}
	return insert(ctx, tx, `INSERT INTO `+r.table+` (`+r.keyColumns()+`, shard, latency, first_token) VALUES `, merged,
		` ON CONFLICT (`+r.keyColumns()+`, shard) DO UPDATE SET latency = excluded.latency, first_token = excluded.first_token`)
}

// addedRow is a sum after numbers were added to it and before histograms are.
type addedRow struct {
	key                 sumKey
	calls               int64
	latency, firstToken []byte
}

func (r rollup) addNumbers(ctx context.Context, tx *sql.Tx, shard int, keys []sumKey, sums map[sumKey]*usage.Sum) ([]addedRow, error) {
	var args []any
	for _, k := range keys {
		u := sums[k]
		args = append(args, r.keyArgs(k)...)
		args = append(args, shard)
		args = append(args, r.numberArgs(u)...)
		args = append(args, u.Latency.Encode(), u.FirstToken.Encode())
	}
	rows, err := tx.QueryContext(ctx, r.upsert(len(keys)), args...)
	return collect(rows, err, func(rows *sql.Rows) (addedRow, error) {
		var row addedRow
		err := rows.Scan(append(r.scanInto(&row.key), &row.calls, &row.latency, &row.firstToken)...)
		return row, err
	})
}

// numbers name what is added up, numberArgs are their values. A part is no sum of one
// outcome and so keeps apart how many calls were ok.
func (r rollup) numbers() []string {
	columns := []string{"calls", "attempts", "failovers", "input_tokens", "cached_tokens", "output_tokens", "cost_micro", "cost_pico", "duration_us"}
	if r.parts != nil {
		columns = append(columns, "ok_calls", "saved_calls")
	}
	return columns
}

func (r rollup) numberArgs(u *usage.Sum) []any {
	numbers := []int64{u.Calls, u.Attempts, u.Failovers, u.InputTokens, u.CachedInputTokens, u.OutputTokens, u.Cost.Micro, u.Cost.Pico, u.DurationUS}
	if r.parts != nil {
		numbers = append(numbers, u.OK, u.Saved)
	}
	args := make([]any, len(numbers))
	for i, n := range numbers {
		args[i] = min(n, maxSum)
	}
	return args
}

// upsert is the statement that adds the numbers of so many sums.
func (r rollup) upsert(n int) string {
	columns := r.numbers()
	set := make([]string, len(columns))
	for i, c := range columns {
		sum := r.table + "." + c + " + excluded." + c
		switch c {
		case "cost_micro":
			sum += " + (" + r.table + ".cost_pico + excluded.cost_pico) / 1000000"
		case "cost_pico":
			set[i] = c + " = (" + sum + ") % 1000000"
			continue
		}
		set[i] = fmt.Sprintf("%s = CASE WHEN %s > %d THEN %d ELSE %s END", c, sum, maxSum, maxSum, sum)
	}
	keyed := r.keyColumns()
	width := strings.Count(keyed, ",") + 1 + 1 + len(columns) + 2
	return `INSERT INTO ` + r.table + ` (` + keyed + `, shard, ` + strings.Join(columns, ", ") + `, latency, first_token) VALUES ` +
		placeholders(n, width) +
		` ON CONFLICT (` + keyed + `, shard) DO UPDATE SET ` + strings.Join(set, ", ") +
		` RETURNING ` + keyed + `, calls, latency, first_token`
}

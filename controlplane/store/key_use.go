package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

// KeyUse returns what API keys have used: of each its last use, and what it has spent since a
// day in UTC began, unless that is zero.
func (s *Usage) KeyUse(ctx context.Context, since map[string]time.Time) (map[string]calllog.KeyUse, error) {
	uses := make(map[string]calllog.KeyUse, len(since))
	names, budgets, days := []any{}, []any{}, []any{}
	dayOf := make(map[string]int64, len(since))
	for _, name := range slices.Sorted(maps.Keys(since)) {
		uses[name] = calllog.KeyUse{}
		names = append(names, name)
		if day := since[name]; !day.IsZero() {
			dayOf[name] = floor(micros(day), partsByDay.width)
			budgets, days = append(budgets, name), append(days, dayOf[name])
		}
	}
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := lastUses(ctx, tx, names, uses); err != nil {
			return err
		}
		if err := spendings(ctx, tx, budgets, days, uses); err != nil {
			return err
		}
		return addPendingUse(ctx, tx, dayOf, uses)
	})
	if err != nil {
		return nil, s.db.failed(err, "read the use of API keys")
	}
	return uses, nil
}

// lastUseQuery finds the hour of the last use in the sums, of which there is one table, and
// then the call: on PostgreSQL calls have a table for each day, and only that of the hour is read.
const lastUseQuery = ` SELECT name, COALESCE(
	(SELECT c.start_us FROM call c WHERE c.api_key = h.name AND c.start_us >= h.hour ORDER BY c.start_us DESC, c.id DESC LIMIT 1), h.hour)
	FROM (SELECT k.name AS name, (SELECT MAX(u.bucket) FROM usage_key_hour u WHERE u.api_key = k.name) AS hour FROM k) h WHERE h.hour IS NOT NULL`

func lastUses(ctx context.Context, q querier, names []any, uses map[string]calllog.KeyUse) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := q.QueryContext(ctx, given([]string{"name"}, []string{"TEXT"}, len(names))+lastUseQuery, names...)
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var (
			name string
			at   int64
		)
		err := rows.Scan(&name, &at)
		use := uses[name]
		use.LastUsed = fromMicros(at)
		uses[name] = use
		return struct{}{}, err
	})
	return err
}

// spendingQuery adds up days: the periods of budgets begin with one, in UTC. It looks each key
// up: for a join PostgreSQL may read the days of all keys.
const (
	daysOfKey     = ` FROM usage_day_part u WHERE u.property = 'api_key' AND u.value = k.name AND u.bucket >= k.since`
	spendingQuery = ` SELECT k.name, COALESCE((SELECT CAST(SUM(u.cost_micro) AS BIGINT)` + daysOfKey + `), 0),
		COALESCE((SELECT CAST(SUM(u.cost_pico) AS BIGINT)` + daysOfKey + `), 0) FROM k`
)

func spendings(ctx context.Context, q querier, names, days []any, uses map[string]calllog.KeyUse) error {
	if len(names) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(names))
	for i, name := range names {
		args = append(args, name, days[i])
	}
	rows, err := q.QueryContext(ctx, given([]string{"name", "since"}, []string{"TEXT", "BIGINT"}, len(names))+spendingQuery, args...)
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var (
			name string
			cost usage.Cost
		)
		err := rows.Scan(&name, &cost.Micro, &cost.Pico)
		use := uses[name]
		use.Spent = cost.Plus(usage.Cost{}) // the sum of many Picos is one
		uses[name] = use
		return struct{}{}, err
	})
	return err
}

// given is a table k of so many rows that the arguments of a query hold, row by row.
func given(columns, types []string, rows int) string {
	var b strings.Builder
	b.WriteString("WITH k(" + strings.Join(columns, ", ") + ") AS (VALUES ")
	n := 0
	for row := range rows {
		for i, t := range types {
			n++
			b.WriteString(map[bool]string{true: ", ", false: ""}[row > 0 || i > 0])
			b.WriteString(map[bool]string{true: "(", false: ""}[i == 0])
			b.WriteString("CAST($" + strconv.Itoa(n) + " AS " + t + ")")
		}
		b.WriteByte(')')
	}
	b.WriteByte(')')
	return b.String()
}

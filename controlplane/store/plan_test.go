package store

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// searches are the queries that must stay fast with a hundred million calls.
func searches() map[string]calllog.Filter {
	after := calllog.Position{StartUS: 1, ID: "x"}
	return map[string]calllog.Filter{
		"none":             {Limit: 10},
		"position":         {After: after, Limit: 10},
		"group":            {Group: "g", After: after, Limit: 10},
		"provider":         {Provider: "p", After: after, Limit: 10},
		"api key":          {APIKey: "k", After: after, Limit: 10},
		"outcome":          {Outcome: "o", After: after, Limit: 10},
		"status":           {Status: 200, After: after, Limit: 10},
		"time":             {From: time.Unix(1, 0), To: time.Unix(2, 0), Limit: 10},
		"provider, time":   {Provider: "p", From: time.Unix(1, 0), To: time.Unix(2, 0), Limit: 10},
		"provider, status": {Provider: "p", Status: 200, Limit: 10},
		"provider, group":  {Provider: "p", Group: "g", After: after, Limit: 10},
		"group, outcome":   {Group: "g", Outcome: "o", After: after, Limit: 10},
		"api key, status":  {APIKey: "k", Status: 200, After: after, Limit: 10},
		"failed":           {Failed: true, From: time.Unix(1, 0), After: after, Limit: 10},
		"failed over":      {FailedOver: true, From: time.Unix(1, 0), Limit: 10},
		"provider, failed": {Provider: "p", Failed: true, FailedOver: true, After: after, Limit: 10},
		"group, failed":    {Group: "g", Failed: true, After: after, Limit: 10},
		"cost, time":       {MinCost: 1, From: time.Unix(1, 0), To: time.Unix(2, 0), Limit: 10},
		"outcome, model":   {Outcome: "o", Model: "m", Node: "n", MinDuration: time.Second, After: after, Limit: 10},
	}
}

// TestSQLitePlans: every search walks an index in the order of the list.
func TestSQLitePlans(t *testing.T) {
	t.Parallel()
	s := openPlain(t, "sqlite:///"+filepath.Join(t.TempDir(), "trunkline.db"))
	for name, f := range searches() {
		query, args := listQuery(f)
		plan := explain(t, s.engine.Reader(), "EXPLAIN QUERY PLAN "+query, args, 4)
		plan = strings.ReplaceAll(plan, "SCAN p\n", "") // the page of a provider's calls
		if strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") && name != "none" || !strings.Contains(plan, "INDEX") && !strings.Contains(plan, "PRIMARY KEY") {
			t.Errorf("filter %s sorts or reads everything:\n%s\n%s", name, query, plan)
		}
	}
	for index, f := range map[string]calllog.Filter{"call_failed": {Failed: true}, "call_failed_over": {FailedOver: true}} {
		f.From, f.Limit = time.Unix(1, 0), 10
		query, args := listQuery(f)
		if plan := explain(t, s.engine.Reader(), "EXPLAIN QUERY PLAN "+query, args, 4); !strings.Contains(plan, "SEARCH s USING INDEX "+index+" (start_us>?)") {
			t.Errorf("%s is not used: %s", index, plan)
		}
		query, args = recentQuery(f, time.Unix(1, 0), 10)
		if plan := explain(t, s.engine.Reader(), "EXPLAIN QUERY PLAN "+query, args, 4); !strings.Contains(plan, "USING INDEX call_by_stored") {
			t.Errorf("those that follow read more than what was stored since: %s", plan)
		}
	}
	for index, f := range map[string]calllog.Filter{"call_by_client_id": {ClientRequestID: "x"}, "call_by_incoming_id": {ClientRequestID: "x", Provider: "p"}, "call_by_end_user": {User: "x", Provider: "p"}, "call_by_trace": {TraceID: "x", Provider: "p"}} {
		f.Limit = 10
		query, args := listQuery(f)
		if plan := explain(t, s.engine.Reader(), "EXPLAIN QUERY PLAN "+query, args, 4); !strings.Contains(plan, "USING INDEX "+index) {
			t.Errorf("%s is not used: %s", index, plan)
		}
	}
	for query, indexes := range map[string][]string{
		given([]string{"name"}, []string{"TEXT"}, 1) + lastUseQuery:                     {"usage_key_hour_by_key (api_key=?)", "call_by_api_key (api_key=? AND start_us>?)"},
		given([]string{"name", "since"}, []string{"TEXT", "BIGINT"}, 1) + spendingQuery: {"usage_day_part_by_key (value=? AND bucket>?)"},
	} {
		plan := explain(t, s.engine.Reader(), "EXPLAIN QUERY PLAN "+query, []any{"k", 1}[:strings.Count(query, "CAST($")], 4)
		for _, index := range indexes {
			if !strings.Contains(plan, "INDEX "+index) {
				t.Errorf("use of keys without %s:\n%s", index, plan)
			}
		}
	}
	plan := explain(t, s.engine.Reader(), `EXPLAIN QUERY PLAN `+deleteProviders, []any{2, 1, "x"}, 4)
	if strings.Contains(plan, "SCAN call_provider") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("deleting reads everything: %s", plan)
	}
	plan = explain(t, s.engine.Reader(), `EXPLAIN QUERY PLAN SELECT node, record FROM call WHERE id = $1`, []any{"x"}, 4)
	if !strings.Contains(plan, "SEARCH call USING INDEX") {
		t.Errorf("one call by id: %s", plan)
	}
}

// TestPostgresPlans: the same, where the planner may not fall back to reading or sorting
// everything, which it prefers for a table this small.
func TestPostgresPlans(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t) + "&enable_seqscan=off&enable_sort=off&enable_bitmapscan=off"
	s := openPlain(t, url)
	for name, f := range searches() {
		query, args := listQuery(f)
		plan := explain(t, s.engine.Reader(), "EXPLAIN "+query, args, 1)
		if strings.Contains(plan, "Sort  (") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("filter %s sorts or reads everything:\n%s\n%s", name, query, plan)
		}
	}
	for name, f := range map[string]calllog.Filter{
		"provider, group, outcome": {Provider: "p", Group: "g", Outcome: "o", Limit: 10}, "group, outcome": {Group: "g", Outcome: "o", Limit: 10},
		"api key, status": {APIKey: "k", Status: 200, Limit: 10},
	} {
		query, args := listQuery(f)
		if plan := explain(t, s.engine.Reader(), "EXPLAIN "+query, args, 1); strings.Count(plan, "Filter:") != strings.Count(plan, "Filter: (s.start_us = start_us)") {
			t.Errorf("filter %s is not tested in the index alone:\n%s", name, plan)
		}
	}
	query, args := listQuery(calllog.Filter{User: "x", Limit: 10})
	if plan := explain(t, s.engine.Reader(), "EXPLAIN "+query, args, 1); !strings.Contains(plan, "Index Scan") || !strings.Contains(plan, "end_user") || strings.Contains(plan, "Sort  (") {
		t.Errorf("calls for a user:\n%s", plan)
	}
	query, args = listQuery(calllog.Filter{TraceID: "x", Limit: 10})
	if plan := explain(t, s.engine.Reader(), "EXPLAIN "+query, args, 1); !strings.Contains(plan, "Index Scan") || !strings.Contains(plan, "trace_id") || strings.Contains(plan, "Sort  (") {
		t.Errorf("calls of a trace:\n%s", plan)
	}
	both := openPlain(t, strings.Replace(url, "&enable_seqscan=off&enable_sort=off&enable_bitmapscan=off", "&enable_seqscan=off", 1))
	query, args = listQuery(calllog.Filter{ClientRequestID: "x", Limit: 10})
	if plan := explain(t, both.engine.Reader(), "EXPLAIN "+query, args, 1); !strings.Contains(plan, "client_id") || !strings.Contains(plan, "BitmapOr") {
		t.Errorf("calls with an id of the client's:\n%s", plan)
	}
	for _, statement := range []string{deleteProviders, deleteCalls} {
		plan := explain(t, s.engine.Reader(), "EXPLAIN "+statement, []any{2, 1, "x"}, 1)
		if strings.Count(plan, "Delete on call") != 2 || strings.Contains(plan, "Join") || strings.Contains(plan, "Nested Loop") { // the table and one day of it
			t.Errorf("deleting old calls looks at other days:\n%s", plan)
		}
	}
	plan := explain(t, s.engine.Reader(), `EXPLAIN SELECT node, record FROM call WHERE id = $1`, []any{"x"}, 1)
	if !strings.Contains(plan, "Index Scan using call_default_id_idx") {
		t.Errorf("one call by id: %s", plan)
	}
}

// explain returns the lines of a plan, which stand in the last of so many columns.
func explain(t *testing.T, db *sql.DB, query string, args []any, columns int) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	lines, err := collect(rows, err, func(rows *sql.Rows) (string, error) {
		values := make([]any, columns)
		for i := range values {
			values[i] = new(any)
		}
		err := rows.Scan(values...)
		return fmt.Sprint(*values[columns-1].(*any)), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func openPlain(t testing.TB, url string) *DB {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

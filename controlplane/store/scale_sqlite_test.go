package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
)

// TestScaleSQLite makes calls of 30 days on SQLite and prints how long lists take. It is a measurement,
// as TestScale is.
func TestScaleSQLite(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv(scaleEnv))
	if n == 0 {
		t.Skip("a measurement: set " + scaleEnv)
	}
	path := filepath.Join(t.TempDir(), "trunkline.db")
	s := openPlain(t, "sqlite:///"+path)
	end := time.Now().UTC().Truncate(24 * time.Hour)
	timed := func(what string, do func() error) {
		t.Helper()
		began := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-50s %10s", what, time.Since(began).Round(100*time.Microsecond))
	}
	exec := func(what, statement string, args ...any) {
		timed(what, func() error {
			_, err := s.engine.Writer().ExecContext(t.Context(), statement, args...)
			return err
		})
	}
	record, err := proto.Marshal(busyCall(rand.New(rand.NewPCG(1, 2)), 1, end))
	if err != nil {
		t.Fatal(err)
	}
	// One call in 20 fails; one in ten thousand takes a minute.
	exec(fmt.Sprintf("make %d calls of 30 days", n), `WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < $1)
		INSERT INTO call (id, node, start_us, group_name, api_key, outcome, status, record, model, stream, duration_us, stored_us, failed_over, cost_pico, attempt_outcomes)
		SELECT printf('call-%012d', i), 'node-' || (i % 4), $2 + i * (2592000000000 / $3), 'group-' || (i % 200), 'key-' || (i % 100000), CASE i % 20 WHEN 0 THEN 'server_error' ELSE 'ok' END,
		CASE i % 20 WHEN 0 THEN 502 ELSE 200 END, $4, 'model-' || (i % 60), i % 2, CASE i % 10000 WHEN 0 THEN 60000000 ELSE i % 5000000 END,
		$5 + i * (2592000000000 / $6), i % 12 = 0, i % 1000 * 1000000, CASE i % 20 WHEN 0 THEN ' server_error ' ELSE ' ok ' END FROM s`,
		n, end.AddDate(0, 0, -30).UnixMicro(), n, record, end.AddDate(0, 0, -30).UnixMicro(), n)
	exec("make their providers", `INSERT INTO call_provider SELECT 'provider-' || substr(id, -3) AS provider, start_us, id, group_name, api_key, outcome, status, node, model, stream, duration_us,
		failed_over, cost_pico, attempt_outcomes FROM call ORDER BY provider, start_us, id`)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB", info.Size()>>20)
	day := calllog.Filter{From: end.AddDate(0, 0, -12), To: end.AddDate(0, 0, -11)}
	for _, search := range []struct {
		name string
		f    calllog.Filter
	}{
		{"newest", calllog.Filter{}}, {"a day", day}, {"a group", calllog.Filter{Group: "group-2"}}, {"a key", calllog.Filter{APIKey: "key-7"}},
		{"an unknown group", calllog.Filter{Group: "nobody"}}, {"an outcome", calllog.Filter{Outcome: "server_error"}}, {"an outcome that never was", calllog.Filter{Outcome: "timeout"}},
		{"a status", calllog.Filter{Status: 502}}, {"a provider", calllog.Filter{Provider: "provider-003"}}, {"a provider, failed", calllog.Filter{Provider: "provider-020", Failed: true}},
		{"a provider that never failed, an outcome", calllog.Filter{Provider: "provider-003", Outcome: "server_error"}}, {"a group that never failed, failed", calllog.Filter{Group: "group-2", Failed: true}},
		{"a group and a key that never used it", calllog.Filter{Group: "group-8", APIKey: "key-7"}}, {"failed over in a day", calllog.Filter{FailedOver: true, From: day.From, To: day.To}},
		{"a model", calllog.Filter{Model: "model-7"}}, {"an unknown model of a day", calllog.Filter{Model: "nobody", From: day.From, To: day.To}}, {"an unknown model", calllog.Filter{Model: "nobody"}},
		{"longer than 30 s", calllog.Filter{MinDuration: 30 * time.Second}}, {"a call by id", calllog.Filter{ID: fmt.Sprintf("call-%012d", n/2)}},
	} {
		search.f.Limit = 50
		for range 2 { // the second is with a warm cache
			timed("list 50: "+search.name, func() error { _, err := NewCalls(s).ListCalls(t.Context(), search.f); return err })
		}
	}
	for range 5 {
		timed("delete 1,000 old calls", func() error { _, err := NewCalls(s).DeleteCallsBefore(t.Context(), end, 1000); return err })
	}
}

package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestTheVersionBeforeFoldsToo: what it leaves behind is made again, of more days by who starts, and by those who find that
// it was there.
func TestTheVersionBeforeFoldsToo(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"sqlite": "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db"), "postgres": testenv.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := func() time.Time { return today }
			open := func() *DB {
				s := openPlain(t, url)
				s.now = now
				return s
			}
			s := open()
			exec := func(statement string) {
				t.Helper()
				if _, err := s.engine.Writer().ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			fold := func(s *DB) {
				t.Helper()
				if _, err := NewUsage(s).FoldUsage(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			old := today.Add(-30 * 24 * time.Hour)
			sent := map[time.Time]*usage.Attempts{today: {}, old: {}}
			insert := func(at time.Time) {
				t.Helper()
				n := sent[at].Attempts
				a := &nodev1.Attempt{Provider: fmt.Sprintf("p%d", n%2), Model: "m", Outcome: "ok", DurationUs: 1000 * (n + 1), FirstTokenUs: n + 1}
				sent[at].Count(a)
				c := &nodev1.Call{Id: fmt.Sprintf("%s %d", at, n), StartUs: at.UnixMicro(), Group: "g", Outcome: "ok", Status: 200, Attempts: []*nodev1.Attempt{a}}
				if stored, _, err := NewCalls(s).InsertCalls(t.Context(), "node", []*nodev1.Call{c}); stored != 1 || err != nil {
					t.Fatalf("%d stored, %v", stored, err)
				}
			}
			foldAsBefore := func() {
				t.Helper()
				exec(`CREATE TABLE kept AS SELECT * FROM attempt_day_part`)
				fold(s)
				exec(`DELETE FROM attempt_day_part`)
				exec(`INSERT INTO attempt_day_part SELECT * FROM kept`)
				exec(`DROP TABLE kept`)
			}
			right := func(at time.Time) bool {
				t.Helper()
				from := at.Truncate(24 * time.Hour)
				sums, err := NewUsage(s).AttemptUsage(t.Context(), calllog.UsageQuery{From: from, To: from.Add(24 * time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
				return len(sums) == 1 && sums[0].Total.Equal(sent[at])
			}

			insert(today)
			insert(old)
			fold(s)
			insert(today)
			insert(today)
			insert(old)
			foldAsBefore()
			if right(today) || right(old) {
				t.Fatal("the version before left nothing behind")
			}
			fold(s)
			if !right(today) || right(old) {
				t.Errorf("after a fold today is right: %t, what is old: %t; want what calls are still added to", right(today), right(old))
			}
			fold(s)
			if !right(old) {
				t.Error("what is old is not looked for where the version before was")
			}
			insert(today)
			insert(old)
			foldAsBefore()
			fold(open())
			if !right(today) || !right(old) {
				t.Errorf("after a start today is right: %t, what is old: %t", right(today), right(old))
			}
			drifts, err := NewUsage(s).VerifyUsage(t.Context(), today.Truncate(24*time.Hour).Add(23*time.Hour))
			if err != nil || len(drifts) != 0 {
				t.Errorf("%+v, %v", drifts, err)
			}
		})
	}
}

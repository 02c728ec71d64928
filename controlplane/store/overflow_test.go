package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestSumsDoNotOverflow: a node that makes its sums up spoils those, and keeps nobody's
// calls from being stored.
func TestSumsDoNotOverflow(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"sqlite": "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db"), "postgres": testenv.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openPlain(t, url)
			key := usage.Key{Group: "g", Provider: "p", Outcome: usage.OutcomeOK}
			lie := usage.Sum{Calls: 1, InputTokens: 5e17, DurationUS: 5e17, Cost: usage.Cost{Micro: 5e17}}
			for range 20 {
				err := s.inTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					return addTotals(ctx, tx, s.engine, "liar", []totalRow{{sum: total{today.UnixMicro(), key, &lie}}})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			call := &nodev1.Call{Id: "a", StartUs: today.UnixMicro(), Group: "g", Provider: "p", Outcome: "ok", Usage: &nodev1.Usage{InputTokens: 7}}
			if stored, _, err := NewCalls(s).InsertCalls(t.Context(), "liar", []*nodev1.Call{call}); err != nil || stored != 1 {
				t.Fatalf("a call beside it: %d stored: %v", stored, err)
			}
			for _, q := range []calllog.UsageQuery{
				{From: today.Add(-time.Hour), To: today.Add(time.Hour)},
				{From: today.Add(-time.Hour), To: today.Add(time.Hour), By: calllog.ByGroup, Minutes: true},
				{From: today.Add(-time.Hour), To: today.Add(time.Hour), By: calllog.ByProvider, Group: "g"},
			} {
				sums, err := NewUsage(s).Usage(t.Context(), q) // totals and calls have shards of their own
				if err != nil || len(sums) != 1 || sums[0].Total.Calls != 21 || sums[0].Total.InputTokens != maxSum+7 || sums[0].Total.Cost.Micro != maxSum {
					t.Errorf("usage: %+v, %v", sums, err)
				}
			}
		})
	}
}

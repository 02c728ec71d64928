package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestHistogramsAreMerged: histograms that batches put one behind the other are merged before
// they grow long, and count what the calls add up to.
func TestHistogramsAreMerged(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"sqlite": "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db"), "postgres": testenv.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openPlain(t, url)
			r := rand.New(rand.NewPCG(5, 6))
			var calls usage.Sum
			var attempts usage.Attempts
			const batch = 20
			longest := 0
			for n := range 60 {
				sent := make([]*nodev1.Call, batch)
				for i := range sent {
					a := &nodev1.Attempt{Provider: "p", Model: "m", Outcome: "ok", DurationUs: r.Int64N(1 << 24), FirstTokenUs: 1 + r.Int64N(1<<20)}
					sent[i] = &nodev1.Call{
						Id: fmt.Sprintf("call-%03d-%03d", n, i), StartUs: today.UnixMicro(), Group: "g", ApiKey: "k", Provider: "p", UpstreamModel: "m",
						Outcome: "ok", Status: 200, DurationUs: a.GetDurationUs() + 7, FirstTokenUs: a.GetFirstTokenUs() + 7, Attempts: []*nodev1.Attempt{a},
					}
					calls.Count(sent[i])
					attempts.Count(a)
				}
				if stored, _, err := NewCalls(s).InsertCalls(t.Context(), "node", sent); stored != batch || err != nil {
					t.Fatalf("%d stored, %v", stored, err)
				}
				if _, err := NewUsage(s).FoldUsage(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, table := range []string{"usage_minute", "usage_day_part", "attempt_minute", "attempt_hour_part"} {
					var length int
					if err := s.engine.Reader().QueryRowContext(t.Context(), `SELECT MAX(length(latency) + length(first_token)) FROM `+table).Scan(&length); err != nil {
						t.Fatal(err)
					}
					longest = max(longest, length)
				}
			}
			if longest > longHistograms || longest < longHistograms*3/4 {
				t.Errorf("the longest histograms took %d bytes, want a little less than %d", longest, longHistograms)
			}
			q := calllog.UsageQuery{From: today, To: today.Add(24 * time.Hour)}
			sums, err := NewUsage(s).Usage(t.Context(), q)
			if err != nil || len(sums) != 1 || !sums[0].Total.Equal(&calls) {
				t.Errorf("usage %+v, %v; want %+v", sums, err, calls)
			}
			tries, err := NewUsage(s).AttemptUsage(t.Context(), q)
			if err != nil || len(tries) != 1 || !tries[0].Total.Equal(&attempts) {
				t.Errorf("attempts %+v, %v; want %+v", tries, err, attempts)
			}
		})
	}
}

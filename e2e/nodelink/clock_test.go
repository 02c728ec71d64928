package nodelink

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// A node's clock is a day off, or steps while calls are on their way: every call is kept
// under the time the node gave it, once though its acknowledgement gets lost, says how far
// the clock was off, and is in the sums.
func TestNodeWhoseClockIsOff(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, off := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
			t.Run(fmt.Sprint(engine, off), func(t *testing.T) {
				t.Parallel()
				url := "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db")
				if engine == "postgres" {
					url = testenv.Postgres(t)
				}
				db, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				calls, sums := store.NewCalls(db), store.NewUsage(db)
				lis := listen(t, "127.0.0.1:0")
				serve(t, lis, newConfig(1, 1), &flaky{Store: calls})
				n := join(t, "a", lis.Addr().String(), func(c *uplink.Config) {
					c.Now = func() time.Time { return time.Now().Add(off) }
				})
				starts := map[string]time.Time{}
				for i := range 600 {
					at := time.Now()
					if i < 400 { // then somebody sets the clock
						at = at.Add(off)
					}
					starts[id(0, i)] = at
					n.Record(dataplane.Call{ID: id(0, i), Start: at, Group: "g", Outcome: dataplane.OK, Status: 200, Cost: 7})
				}
				n.flush(t)
				var after calllog.Position
				for {
					page, err := calls.ListCalls(t.Context(), calllog.Filter{After: after, Limit: 100})
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range page {
						if at, ok := starts[c.GetId()]; !ok || c.GetStartUs() != at.UnixMicro() {
							t.Errorf("call %s is kept under %d, or twice; the node said %d", c.GetId(), c.GetStartUs(), at.UnixMicro())
						}
						delete(starts, c.GetId())
						ahead := time.Duration(c.GetClockAheadUs()) * time.Microsecond
						if d := ahead - off; d < -time.Minute || d > time.Minute {
							t.Errorf("call %s says that the clock was %s ahead, want %s", c.GetId(), ahead, off)
						}
						after = calllog.Position{StartUS: c.GetStartUs(), ID: c.GetId()}
					}
					if len(page) < 100 {
						break
					}
				}
				if len(starts) != 0 {
					t.Errorf("%d calls are not kept", len(starts))
				}
				total, err := sums.Usage(t.Context(), calllog.UsageQuery{From: time.Now().Add(-49 * time.Hour), To: time.Now().Add(49 * time.Hour)})
				if err != nil || len(total) != 1 || total[0].Total.Calls != 600 || total[0].Total.Cost != usage.CostOfPico(4200) {
					t.Errorf("usage %+v, %v; want 600 calls that cost 4200 pico-USD", total, err)
				}
				for _, day := range []time.Duration{0, off} {
					drifts, err := sums.VerifyUsage(t.Context(), time.Now().Add(day))
					if err != nil || len(drifts) != 0 {
						t.Errorf("drift %+v, %v", drifts, err)
					}
				}
			})
		}
	}
}

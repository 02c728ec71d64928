package shipping

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestLossesAreLoggedOncePerSpell(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	u, err := New(Config{Node: "n", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	var l losses
	for _, step := range []struct {
		dropped      uint64
		began, ended int
	}{{0, 0, 0}, {3, 1, 0}, {5, 1, 0}, {0, 1, 1}, {0, 1, 1}, {1, 2, 1}, {0, 2, 2}} {
		for range step.dropped {
			u.cfg.Totals.Call(overflow.QueueFull, &nodev1.Call{})
		}
		l.watch(u)
		began := strings.Count(log.String(), "dropping call records")
		ended := strings.Count(log.String(), "no longer dropped")
		if began != step.began || ended != step.ended {
			t.Fatalf("after %d more: %d and %d lines, want %d and %d", step.dropped, began, ended, step.began, step.ended)
		}
	}
	if !strings.Contains(log.String(), "dropped=8 dropped_since_start=8") || !strings.Contains(log.String(), "dropped=1 dropped_since_start=9") {
		t.Errorf("log:\n%s", &log)
	}
}

// However the collector learns of calls, as the first or because the queue fills, they are on disk soon.
func TestCallsAreWrittenSoonWhateverWakesTheCollector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		disk, err := spool.Open(spool.Config{Dir: t.TempDir(), MinFree: -1, Logger: log})
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		for range 20 { // of two that may wake it, either is first
			s, err := New(Config{Node: "n", Spool: disk, QueueSize: 2, Logger: log})
			if err != nil {
				t.Fatal(err)
			}
			s.Record(dataplane.Call{ID: "1"})
			ctx, stop := context.WithCancel(t.Context())
			go s.collect(ctx)
			time.Sleep(3 * flushDelay)
			synctest.Wait()
			if n := disk.Buffered(); n > 0 {
				t.Errorf("%d bytes wait in memory", n)
			}
			stop()
			synctest.Wait()
		}
	})
}

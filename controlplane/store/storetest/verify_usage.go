package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// wantNoDrift counts every hour of makeUsage again, and its day by its hours.
func wantNoDrift(t testing.TB, s Store) {
	t.Helper()
	day := epoch.Truncate(24 * time.Hour)
	for hour := range 24 {
		drifts, err := s.VerifyUsage(context.Background(), day.Add(time.Duration(hour)*time.Hour))
		must(t, err)
		for _, d := range drifts {
			t.Errorf("%s at %s, %+v: stored %d calls, counted %d", d.Table, d.Bucket, d.Key, d.Stored.Calls, d.Counted.Calls)
		}
	}
}

// verifyFindsWhatDiffers: sums outlive their calls; verifying then says by how much.
func verifyFindsWhatDiffers(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeUsage(300)
	insertAll(t, s, calls[:200])
	foldAll(t, s)
	insertAll(t, s, calls[200:])
	wantNoDrift(t, s)
	slices.SortFunc(calls, func(a, b *nodev1.Call) int {
		return cmp.Or(cmp.Compare(a.GetStartUs(), b.GetStartUs()), cmp.Compare(a.GetId(), b.GetId()))
	})
	n, err := s.DeleteCallsBefore(t.Context(), epoch.Add(time.Hour), 1)
	must(t, err)
	if n != 1 || len(calls[0].GetAttempts()) == 0 {
		t.Fatalf("deleted %d calls; the first has %d attempts", n, len(calls[0].GetAttempts()))
	}
	drifts, err := s.VerifyUsage(t.Context(), epoch.Add(25*time.Minute))
	must(t, err)
	// One of each table, of parts one of each property, per minute and per hour; and those of its attempts.
	if want := 3 + 2*5 + attemptSums(calls[0]); len(drifts) != want {
		t.Fatalf("%d sums differ, want %d", len(drifts), want)
	}
	for _, d := range drifts {
		if strings.HasPrefix(d.Table, "attempt_") {
			if d.Stored.Attempts <= d.Counted.Attempts {
				t.Errorf("%s, %+v: stored %d attempts, counted %d", d.Table, d.Key, d.Stored.Attempts, d.Counted.Attempts)
			}
			continue
		}
		if strings.HasSuffix(d.Table, "_part") {
			if d.Stored.Calls-d.Counted.Calls != 1 {
				t.Errorf("%s, %+v: stored %d calls, counted %d", d.Table, d.Key, d.Stored.Calls, d.Counted.Calls)
			}
			continue
		}
		key := usage.KeyOf(calls[0])
		if d.Table != "usage_key_hour" {
			key.APIKey = ""
		}
		if d.Key != key || d.Stored.Calls-d.Counted.Calls != 1 || d.Stored.Cost.Plus(usage.CostOfPico(-calls[0].GetCost())) != d.Counted.Cost {
			t.Errorf("%+v, want one call and %d pico-USD less than stored", d, calls[0].GetCost())
		}
	}
	if drifts, err = s.VerifyUsage(t.Context(), epoch.Add(2*time.Hour)); err != nil || len(drifts) != 0 {
		t.Errorf("another hour: %+v, %v", drifts, err)
	}
}

package period_test

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/period"
)

func TestPeriodsFollowTheCalendarInUTC(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	for _, tc := range []struct {
		period         period.Period
		at, start, end string
	}{
		{period.Day, "2026-03-29T23:59:59Z", "2026-03-29", "2026-03-30"},
		{period.Day, "2026-03-29T00:00:00Z", "2026-03-29", "2026-03-30"},
		{period.Week, "2026-10-19T00:00:00Z", "2026-10-19", "2026-10-26"}, // a Monday
		{period.Week, "2026-10-25T23:59:59Z", "2026-10-19", "2026-10-26"}, // a Sunday
		{period.Week, "2027-01-01T12:00:00Z", "2026-12-28", "2027-01-04"}, // over the year's end
		{period.Month, "2024-02-29T12:00:00Z", "2024-02-01", "2024-03-01"},
		{period.Month, "2026-12-31T23:59:59Z", "2026-12-01", "2027-01-01"},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{at, at.In(tokyo)} {
			if got := tc.period.Start(at).Format(time.DateOnly); got != tc.start {
				t.Errorf("the %s of %s starts %s, want %s", tc.period, at, got, tc.start)
			}
			if got := tc.period.End(at).Format(time.DateOnly); got != tc.end {
				t.Errorf("the %s of %s ends %s, want %s", tc.period, at, got, tc.end)
			}
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, p := range []period.Period{period.None, period.Day, period.Week, period.Month} {
		if got, err := period.Parse(p.String()); got != p || err != nil {
			t.Errorf("%q is %d, %v; want %d", p, got, err, p)
		}
	}
	if p, err := period.Parse("year"); err == nil {
		t.Errorf("a year is %q", p)
	}
}

// Package period says when the periods of budgets begin and end. Nodes refuse by it what a
// key may not spend, and the control plane shows by it what a key has spent.
package period

import (
	"fmt"
	"time"
)

// Period is a stretch of the calendar, in UTC.
type Period uint8

// The periods.
const (
	None Period = iota
	Day
	Week // from Monday
	Month
)

// String gives the period's name as the configuration writes it; empty for none.
func (p Period) String() string { return [...]string{"", "day", "week", "month"}[p] }

// Parse finds a period by its name.
func Parse(s string) (Period, error) {
	for p := None; p <= Month; p++ {
		if p.String() == s {
			return p, nil
		}
	}
	return None, fmt.Errorf("budget period %q is not known", s)
}

// Start is when the period that holds t began.
func (p Period) Start(t time.Time) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	switch p {
	case Week:
		d -= (int(t.Weekday()) + 6) % 7
	case Month:
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// End is when the period that holds t ends and the next one begins.
func (p Period) End(t time.Time) time.Time {
	start := p.Start(t)
	switch p {
	case Week:
		return start.AddDate(0, 0, 7)
	case Month:
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

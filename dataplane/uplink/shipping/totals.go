package shipping

import (
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
)

// SumInto makes a spool add to the totals what it drops. Open the spool after the totals,
// with what this returns.
func SumInto(cfg spool.Config, totals *overflow.Totals) spool.Config {
	for _, r := range totals.SummedFiles() {
		cfg.Dropped = append(cfg.Dropped, spool.Range{First: r.GetFirst(), End: r.GetEnd()})
	}
	cfg.Drop = func(d spool.Doomed) error {
		reason := overflow.SpoolFull
		if d.TooOld {
			reason = overflow.TooOld
		}
		return totals.Segment(reason, d.First, d.End, d.Modified, d.Records)
	}
	cfg.Removed = totals.Forget
	cfg.Lost = totals.Damaged
	return cfg
}

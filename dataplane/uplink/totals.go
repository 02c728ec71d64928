package uplink

import (
	"github.com/trunkline-ai/trunkline/dataplane/uplink/fold"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/spool"
)

// FoldInto makes a spool sum up in the book what it drops. Open the spool after the book,
// with what this returns.
func FoldInto(cfg spool.Config, book *fold.Book) spool.Config {
	for _, r := range book.Summed() {
		cfg.Dropped = append(cfg.Dropped, spool.Range{First: r.GetFirst(), End: r.GetEnd()})
	}
	cfg.Drop = func(d spool.Doomed) error {
		reason := fold.SpoolFull
		if d.TooOld {
			reason = fold.TooOld
		}
		return book.Segment(reason, d.First, d.End, d.Modified, d.Records)
	}
	cfg.Removed = book.Forget
	cfg.Lost = book.Damaged
	return cfg
}

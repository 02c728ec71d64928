package overflow

import (
	"iter"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

// maxPart is how many sums of a file of records are decoded at once.
const maxPart = 4096

// Segment sums up a file of call records that has to go: those from number first to end.
// When it returns nil the sums are safe, and SummedFiles names the file until Forget does; with
// an error nothing has changed.
func (b *Totals) Segment(reason Reason, first, end uint64, modified time.Time, records iter.Seq[[]byte]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.takeIn()
	after := b.open.clone()
	part := map[bucket]*usage.Sum{}
	gap, lost := span{}, int64(0)
	add := func() {
		for p, sum := range part {
			lost += after.add(p, sum)
		}
		clear(part)
	}
	c := &nodev1.Call{}
	for record := range records {
		if err := proto.Unmarshal(record, c); err != nil {
			continue // damaged in a way that its checksum does not show
		}
		p := bucketOf(c)
		if part[p] == nil {
			if len(part) >= maxPart {
				add()
			}
			part[p] = &usage.Sum{}
		}
		part[p].Count(c)
		gap = gap.and(span{c.GetStartUs(), c.GetStartUs(), 1})
	}
	add()
	after.addGap(reason, gap)
	damaged := int64(end-first) - gap.calls
	if damaged > 0 {
		after.addGap(Damaged, span{modified.UnixMicro(), modified.UnixMicro(), damaged})
	}
	if err := b.saveWith(&after, &nodefilev1.RecordRange{First: first, End: end}); err != nil {
		return err
	}
	b.counts.sum(reason, uint64(gap.calls-lost))
	b.counts.lose(uint64(lost))
	return nil
}

// clone is a copy that may be changed by itself; totals are replaced, never changed.
func (p *buckets) clone() buckets {
	c := *p
	c.sums, c.gaps = maps.Clone(p.sums), maps.Clone(p.gaps)
	return c
}

// saveWith writes the totals to the file with other open sums and a file that is summed up,
// and takes them over when that succeeds. The caller holds mu.
func (b *Totals) saveWith(open *buckets, summed *nodefilev1.RecordRange) error {
	ranges := b.summed
	if open == nil {
		open = &b.open
	}
	if summed != nil {
		ranges = append(ranges[:len(ranges):len(ranges)], summed)
	}
	if b.file != nil {
		err := b.file.save(&nodefilev1.OverflowTotals{
			Open: open.totals(), OpenGaps: open.gapList(), Closed: b.closed.totals, ClosedGaps: b.closed.gaps, Summed: ranges,
		})
		if err != nil {
			return err
		}
	}
	if b.open.empty() && !open.empty() {
		b.since = b.cfg.Now()
	}
	b.open, b.summed = *open, ranges
	b.onFile = b.file != nil && len(open.sums) > 0
	b.dirty = false
	b.countWaiting()
	return nil
}

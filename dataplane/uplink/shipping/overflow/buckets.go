package overflow

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// perTotal is what an encoded total takes beyond its own size: id, tag and length.
	perTotal = 48
	// openPart and closedPart are what open and closed sums may take of a state. The rest is for gaps, ids and files that are summed up.
	openPart, closedPart = 0.7, 0.2
)

// widths are what sums are about: coarser ones when there are too many of the finer.
var widths = []time.Duration{time.Minute, time.Hour, 24 * time.Hour}

// buckets are open sums, encoded as they are stored and sent: decoded histograms would take
// twenty times the memory.
type buckets struct {
	most   int64 // bytes that open sums may take
	closed int64 // bytes that are closed at once
	bytes  int64
	sums   map[bucket]*nodev1.Total
	gaps   map[Reason]span
}

// newBuckets are buckets of which a file of so many bytes holds two states.
func newBuckets(file int64) buckets {
	state := float64(file / 2)
	return buckets{most: int64(openPart * state), closed: int64(closedPart * state), sums: map[bucket]*nodev1.Total{}, gaps: map[Reason]span{}}
}

func (p *buckets) empty() bool { return len(p.sums) == 0 && len(p.gaps) == 0 }

func (p *buckets) length() int { return len(p.sums) + len(p.gaps) }

func (p *buckets) addGap(reason Reason, s span) { p.gaps[reason] = p.gaps[reason].and(s) }

// add adds a sum. When there is no room for it, minutes are merged into hours and hours
// into days. It returns how many calls have no room even so: they become a gap.
func (p *buckets) add(at bucket, sum *usage.Sum) (lost int64) {
	for _, width := range widths {
		if width > at.width {
			p.coarsen(width)
			at.start, at.width = floor(at.start, width), width
		}
		if p.put(at, sum, p.most) {
			return 0
		}
	}
	p.addGap(TotalsFull, span{at.start, at.start, sum.Calls})
	return sum.Calls
}

// addTotal adds a sum as it is stored, whatever room there is.
func (p *buckets) addTotal(t *nodev1.Total) {
	k, sum, err := usage.FromTotal(t)
	if err != nil { // checksums keep this from happening
		p.addGap(Damaged, span{t.GetStartUs(), t.GetStartUs(), max(t.GetCalls(), 1)})
		return
	}
	p.put(bucket{t.GetStartUs(), time.Duration(t.GetWidthUs()) * time.Microsecond, k}, sum, 1<<62)
}

// put adds a sum unless there is no room.
func (p *buckets) put(at bucket, sum *usage.Sum, most int64) bool {
	before, all := int64(0), sum
	if old := p.sums[at]; old != nil {
		before = size(old)
		_, merged, err := usage.FromTotal(old)
		if err != nil {
			return false // not reached: we encoded it
		}
		merged.Add(sum)
		all = merged
	}
	t := usage.ToTotal(at.Key, all)
	t.StartUs, t.WidthUs = at.start, at.width.Microseconds()
	after := size(t)
	if p.bytes-before+after > most {
		return false
	}
	p.bytes += after - before
	p.sums[at] = t
	return true
}

func size(t *nodev1.Total) int64 { return int64(proto.Size(t)) + perTotal }

// coarsen merges the sums of less time into those of a width.
func (p *buckets) coarsen(width time.Duration) {
	var fine []bucket
	for at := range p.sums {
		if at.width < width {
			fine = append(fine, at)
		}
	}
	for _, at := range fine {
		t := p.sums[at]
		_, sum, err := usage.FromTotal(t)
		if err != nil {
			continue // not reached: we encoded it
		}
		delete(p.sums, at)
		p.bytes -= size(t)
		// Merging never takes more room.
		p.put(bucket{floor(at.start, width), width, at.Key}, sum, 1<<62)
	}
}

// batch is closed sums and gaps.
type batch struct {
	totals []*nodev1.Total
	gaps   []*nodev1.Gap
}

func (b batch) empty() bool { return len(b.totals) == 0 && len(b.gaps) == 0 }

// take removes the gaps and at most limit sums, the oldest, and gives them ids.
func (p *buckets) take(limit int, newID func() string) batch {
	var out batch
	for _, reason := range Reasons {
		if s, ok := p.gaps[reason]; ok {
			out.gaps = append(out.gaps, &nodev1.Gap{
				Id: newID(), FromUs: s.from, ToUs: s.to, Calls: s.calls, Reason: string(reason), Summed: reason.summed(),
			})
		}
	}
	clear(p.gaps)
	oldest := make([]bucket, 0, len(p.sums))
	for at := range p.sums {
		oldest = append(oldest, at)
	}
	slices.SortFunc(oldest, func(a, b bucket) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.width, b.width), a.Key.Compare(b.Key))
	})
	bytes := int64(0)
	for _, at := range oldest[:min(limit, len(oldest))] {
		t := p.sums[at]
		if bytes += size(t); bytes > p.closed && len(out.totals) > 0 {
			break
		}
		delete(p.sums, at)
		p.bytes -= size(t)
		t.Id = newID()
		out.totals = append(out.totals, t)
	}
	return out
}

// putBack undoes take.
func (p *buckets) putBack(b batch) {
	for _, t := range b.totals {
		p.addTotal(t)
	}
	for _, g := range b.gaps {
		p.addGap(Reason(g.GetReason()), span{g.GetFromUs(), g.GetToUs(), g.GetCalls()})
	}
}

// totals and gapList are the sums and the gaps as they are saved, without ids.
func (p *buckets) totals() []*nodev1.Total {
	list := make([]*nodev1.Total, 0, len(p.sums))
	for _, t := range p.sums {
		list = append(list, t)
	}
	return list
}

func (p *buckets) gapList() []*nodev1.Gap {
	list := make([]*nodev1.Gap, 0, len(p.gaps))
	for reason, s := range p.gaps {
		list = append(list, &nodev1.Gap{FromUs: s.from, ToUs: s.to, Calls: s.calls, Reason: string(reason), Summed: reason.summed()})
	}
	return list
}

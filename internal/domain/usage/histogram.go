package usage

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// perOctave is how many buckets of equal width lie between a power of two and the next,
// as a power of two itself. With eight, the middle of a bucket is within 6.3 % of every
// duration in it, so a quantile is, too.
const (
	octaveBits = 3
	perOctave  = 1 << octaveBits
)

// maxDurationUS is the longest duration that is told from longer ones: 50 days.
const maxDurationUS = 1<<42 - 1

// buckets is how many there are; the last one ends with maxDurationUS.
const buckets = (42 - octaveBits + 1) * perOctave

// maxCount is more than is ever counted; two of it still fit an int64.
const maxCount = 1<<62 - 1

var errHistogram = errors.New("a stored histogram is damaged")

// Histogram counts durations of 0 µs to 50 days in fixed buckets: one per microsecond up
// to 8 µs, then eight per power of two. The buckets never change, so that histograms of
// any time add up. The zero value is empty.
//
// Durations of one sum lie close together, and most sums are over few calls, so what is kept are
// the buckets from the first to the last one that is not empty.
type Histogram struct {
	first  int // the bucket that counts begins with
	counts []int64
}

// Count adds one duration.
func (h *Histogram) Count(us int64) { h.add(bucketOf(us), 1) }

// add adds n, which is not 0, to a bucket and returns what that counts now.
func (h *Histogram) add(bucket int, n int64) int64 {
	switch last := h.first + len(h.counts); {
	case len(h.counts) == 0:
		h.first, h.counts = bucket, append(h.counts, 0)
	case bucket < h.first:
		missing := h.first - bucket
		h.counts = slices.Grow(h.counts, missing)[:len(h.counts)+missing]
		copy(h.counts[missing:], h.counts)
		clear(h.counts[:missing])
		h.first = bucket
	case bucket >= last:
		missing := bucket + 1 - last
		h.counts = slices.Grow(h.counts, missing)[:len(h.counts)+missing]
		clear(h.counts[len(h.counts)-missing:])
	}
	h.counts[bucket-h.first] += n
	return h.counts[bucket-h.first]
}

// Add adds every duration that other has counted.
func (h *Histogram) Add(other Histogram) {
	for i, n := range other.counts {
		if n != 0 {
			h.add(other.first+i, n)
		}
	}
}

// Equal reports whether h and other counted the same.
func (h Histogram) Equal(other Histogram) bool {
	return slices.Equal(h.counts, other.counts) && (h.first == other.first || len(h.counts) == 0)
}

// Total is how many durations were counted.
func (h Histogram) Total() (n int64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Quantile is the duration in microseconds that a share q, 0 to 1, of the counted ones
// does not exceed, within 6.3 %; 0 when nothing was counted.
func (h Histogram) Quantile(q float64) int64 {
	total := h.Total()
	if total == 0 {
		return 0
	}
	rank := int64(q * float64(total)) // durations below the one that is sought
	rank = min(max(rank, 0), total-1)
	for i, n := range h.counts {
		if rank < n {
			low, width := boundsOf(h.first + i)
			return low + width/2
		}
		rank -= n
	}
	return 0 // not reached: the counts add up to total
}

// bucketOf is the bucket of a duration.
func bucketOf(us int64) int {
	v := uint64(min(max(us, 0), maxDurationUS))
	if v < perOctave {
		return int(v)
	}
	shift := bits.Len64(v) - octaveBits - 1
	return shift*perOctave + int(v>>shift)
}

// boundsOf is where a bucket begins, and its width.
func boundsOf(bucket int) (low, width int64) {
	if bucket < 2*perOctave {
		return int64(bucket), 1
	}
	shift := bucket/perOctave - 1
	return int64(bucket%perOctave+perOctave) << shift, 1 << shift
}

// Encode writes the histogram in the form that is stored: how many buckets are not empty,
// then for each the distance from the one before and its count, all as varints. Encoded
// histograms may follow each other without anything between them. Empty is no bytes.
func (h Histogram) Encode() []byte {
	var filled uint64
	for _, n := range h.counts {
		if n != 0 {
			filled++
		}
	}
	if filled == 0 {
		return []byte{}
	}
	raw := binary.AppendUvarint(make([]byte, 0, 2+4*filled), filled)
	last := 0
	for i, n := range h.counts {
		if bucket := h.first + i; n != 0 {
			raw = binary.AppendUvarint(raw, uint64(bucket-last))
			raw = binary.AppendUvarint(raw, uint64(n))
			last = bucket
		}
	}
	return raw
}

// AddEncoded adds every histogram that raw holds, one behind the other.
func (h *Histogram) AddEncoded(raw []byte) error {
	next := func() (uint64, bool) {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			return 0, false
		}
		raw = raw[n:]
		return v, true
	}
	for len(raw) > 0 {
		filled, ok := next()
		if !ok || filled > buckets {
			return errHistogram
		}
		var bucket uint64
		for range filled {
			gap, ok1 := next()
			n, ok2 := next()
			if bucket += gap; !ok1 || !ok2 || gap >= buckets || bucket >= buckets || n > maxCount {
				return errHistogram
			}
			if n > 0 && h.add(int(bucket), int64(n)) > maxCount {
				return errHistogram
			}
		}
	}
	return nil
}

package store

import (
	"encoding/binary"
	"errors"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A tally is what sums need of some calls, in as few bytes as are quick to write and to read: a text
// once, then numbers as varints. It is never on the wire and lives for a minute.

// tallyVersion is the first byte of a tally.
const tallyVersion = 1

var errTally = errors.New("what is to be summed up of stored calls is damaged")

// newTally makes one of calls.
func newTally(calls []*nodev1.Call) []byte {
	w := tallyWriter{numbers: make([]byte, 0, 48*len(calls)), known: map[string]uint64{}}
	last := int64(0)
	for _, c := range calls {
		w.number(c.GetStartUs() - last)
		last = c.GetStartUs()
		w.text(c.GetApiKey(), c.GetGroup(), c.GetProvider(), c.GetUpstreamModel(), c.GetOutcome())
		w.number(int64(c.GetStatus()), c.GetCost(), c.GetDurationUs(), c.GetFirstTokenUs(),
			c.GetUsage().GetInputTokens(), c.GetUsage().GetCachedInputTokens(), c.GetUsage().GetOutputTokens(), int64(len(c.GetAttempts())))
		for _, a := range c.GetAttempts() {
			w.text(a.GetProvider(), a.GetModel(), a.GetOutcome(), a.GetBlame())
			w.number(a.GetDurationUs(), a.GetFirstTokenUs())
		}
	}
	raw := binary.AppendUvarint([]byte{tallyVersion}, uint64(len(w.known)))
	raw = append(raw, w.texts...)
	return append(binary.AppendUvarint(raw, uint64(len(calls))), w.numbers...)
}

type tallyWriter struct {
	texts, numbers []byte
	known          map[string]uint64 // number of each text
}

func (w *tallyWriter) number(all ...int64) {
	for _, n := range all {
		w.numbers = binary.AppendVarint(w.numbers, n)
	}
}

func (w *tallyWriter) text(all ...string) {
	for _, s := range all {
		n, known := w.known[s]
		if !known {
			n = uint64(len(w.known))
			w.known[s] = n
			w.texts = append(binary.AppendUvarint(w.texts, uint64(len(s))), s...)
		}
		w.numbers = binary.AppendUvarint(w.numbers, n)
	}
}

// eachTallied calls do for the calls of a tally, with what sums need of them and nothing else. The
// call is do's until it returns.
func eachTallied(raw []byte, do func(*nodev1.Call)) error {
	if len(raw) == 0 || raw[0] != tallyVersion {
		return errTally
	}
	r := tallyReader{raw: raw[1:]}
	texts := make([]string, 0, min(r.count(), len(raw)))
	for range cap(texts) {
		texts = append(texts, r.bytes())
	}
	r.texts = texts
	c := &nodev1.Call{Usage: &nodev1.Usage{}}
	var attempts []*nodev1.Attempt
	for range r.count() {
		c.StartUs += r.number()
		c.ApiKey, c.Group, c.Provider, c.UpstreamModel, c.Outcome = r.text(), r.text(), r.text(), r.text(), r.text()
		c.Status, c.Cost, c.DurationUs, c.FirstTokenUs = int32(r.number()), r.number(), r.number(), r.number()
		c.Usage.InputTokens, c.Usage.CachedInputTokens, c.Usage.OutputTokens = r.number(), r.number(), r.number()
		n := int(r.number())
		if r.damaged || n < 0 || n > len(raw) {
			return errTally
		}
		for len(attempts) < n {
			attempts = append(attempts, &nodev1.Attempt{})
		}
		c.Attempts = attempts[:n]
		for _, a := range c.Attempts {
			a.Provider, a.Model, a.Outcome, a.Blame = r.text(), r.text(), r.text(), r.text()
			a.DurationUs, a.FirstTokenUs = r.number(), r.number()
		}
		if r.damaged {
			return errTally
		}
		do(c)
	}
	if r.damaged || len(r.raw) > 0 {
		return errTally
	}
	return nil
}

// tallyReader reads what tallyWriter wrote; damaged says that it could not.
type tallyReader struct {
	raw     []byte
	texts   []string
	damaged bool
}

func (r *tallyReader) number() int64 {
	v, n := binary.Varint(r.raw)
	return take(r, v, n)
}

func (r *tallyReader) unsigned() uint64 {
	v, n := binary.Uvarint(r.raw)
	return take(r, v, n)
}

func take[T any](r *tallyReader, v T, n int) T {
	if n <= 0 {
		r.damaged, r.raw = true, nil
		var none T
		return none
	}
	r.raw = r.raw[n:]
	return v
}

// count is how many of something follow, of which each takes a byte at least.
func (r *tallyReader) count() int {
	n := r.unsigned()
	if n > uint64(len(r.raw)) {
		r.damaged = true
		return 0
	}
	return int(n)
}

func (r *tallyReader) bytes() string {
	n := r.count()
	s := string(r.raw[:n])
	r.raw = r.raw[n:]
	return s
}

func (r *tallyReader) text() string {
	n := r.unsigned()
	if n >= uint64(len(r.texts)) {
		r.damaged = true
		return ""
	}
	return r.texts[n]
}

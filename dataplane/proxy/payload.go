package proxy

import "io"

// payload is the body of one attempt: the client's own bytes in slices, with the few
// spliced in that an attempt changes. Nothing is copied.
type payload struct {
	parts [5][]byte
	n     int
	size  int64
}

const (
	optionsMember = `"stream_options":{"include_usage":true},`
	optionsValue  = `{"include_usage":true}`
	usageMember   = `"include_usage":true`
)

// newPayload puts model in place of the client's and, when wantUsage is set, asks for
// the usage chunk of a stream.
func newPayload(body []byte, e *envelope, model []byte, wantUsage bool) payload {
	var p payload
	at, with := e.modelAt, model
	if !wantUsage {
		p.add(body[:at.start])
		p.add(with)
		p.add(body[at.end:])
		return p
	}
	first, second := edit{at, with}, e.usageEdit()
	if second.at.start < first.at.start {
		first, second = second, first
	}
	p.add(body[:first.at.start])
	p.add(first.with)
	p.add(body[first.at.end:second.at.start])
	p.add(second.with)
	p.add(body[second.at.end:])
	return p
}

// edit replaces a range of the body; an empty range inserts.
type edit struct {
	at   span
	with []byte
}

func (e *envelope) usageEdit() edit {
	switch {
	case e.usageAt.end > 0:
		return edit{e.usageAt, []byte("true")}
	case e.optionsAt.end == 0:
		return edit{span{e.firstMember, e.firstMember}, []byte(optionsMember)}
	case e.firstOption == 0: // null
		return edit{e.optionsAt, []byte(optionsValue)}
	case e.optionsEmpty:
		return edit{span{e.firstOption, e.firstOption}, []byte(usageMember)}
	}
	return edit{span{e.firstOption, e.firstOption}, []byte(usageMember + ",")}
}

func (p *payload) add(b []byte) {
	p.parts[p.n] = b
	p.n++
	p.size += int64(len(b))
}

// reader reads the payload from its start; each attempt has its own.
func (p payload) reader() io.ReadCloser { return &payloadReader{payload: p} }

type payloadReader struct {
	payload
	part int
}

func (r *payloadReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.part < r.n {
		c := copy(b[n:], r.parts[r.part])
		r.parts[r.part] = r.parts[r.part][c:]
		n += c
		if len(r.parts[r.part]) == 0 {
			r.part++
		}
	}
	if n == 0 && r.part == r.n {
		return 0, io.EOF
	}
	return n, nil
}

// next gives the next bytes, at most so many, without copying them; none at the end.
func (r *payloadReader) next(atMost int) []byte {
	for r.part < r.n && len(r.parts[r.part]) == 0 {
		r.part++
	}
	if r.part == r.n {
		return nil
	}
	b := r.parts[r.part]
	b = b[:min(len(b), atMost)]
	r.parts[r.part] = r.parts[r.part][len(b):]
	return b
}

func (r *payloadReader) Close() error { return nil }

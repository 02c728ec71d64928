package body

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// How a request body may come in. A client that sends slower than minRate on average over
// a window (Limits.Window) is cut, and so is one that takes longer than bodyTimeout.
const (
	minRate     = 1 << 10 // bytes per second
	bodyTimeout = 10 * time.Minute
	// A compressed body may not grow more than maxRatio-fold; small ones may.
	maxRatio  = 100
	ratioFrom = 64 << 10
)

// reader reads one request body: no slower, larger or more compressed than allowed.
type reader struct {
	wire  pacer
	src   io.Reader // decoded
	zstd  *lazyZstd // nil: another encoding
	size  int64     // announced size of the decoded body; below zero: unknown
	limit int64
	read  int64
	share *Share
	taken int64 // of the share, for the body
	given int64 // of the share by somebody else, for the body: see Counted
}

// open prepares to read a request's body. Whoever opens it closes it; what is taken of the
// share for the body stays taken.
func (l *Limits) open(w http.ResponseWriter, r *http.Request, share *Share) (*reader, error) {
	in := &reader{limit: l.Max, share: share, size: -1}
	in.wire = pacer{src: r.Body, w: w, window: l.Window}
	in.wire.start()
	in.src = &in.wire
	if counted, is := r.Body.(*Counted); is {
		in.given = counted.Bytes
	}
	switch encoding := strings.ToLower(strings.TrimSpace(httpfield.Get(r.Header, "Content-Encoding"))); encoding {
	case "", "identity":
		in.size = r.ContentLength
	case "gzip", "x-gzip":
		in.src = &lazyGzip{src: &in.wire}
	case "zstd":
		in.zstd = &lazyZstd{src: &in.wire, share: share}
		in.src = in.zstd
	default:
		return nil, errEncoding
	}
	if r.ContentLength > l.Max {
		return nil, errTooLarge
	}
	return in, nil
}

// reserve sees to it that n bytes are taken for the body.
func (in *reader) reserve(n int64) error {
	if n -= in.given; n <= in.taken {
		return nil
	}
	if err := in.share.take(n - in.taken); err != nil {
		return err
	}
	in.taken = n
	return nil
}

// Read gives the decoded body.
func (in *reader) Read(b []byte) (int, error) {
	n, err := in.src.Read(b)
	in.read += int64(n)
	switch {
	case in.read > in.limit:
		return 0, errTooLarge
	case in.read > ratioFrom && in.read > maxRatio*in.wire.total:
		return 0, errTooCompressed
	}
	return n, err
}

// close ends the reading. After a whole body the deadline is off the connection; after any
// other it stays, for what net/http still reads before it closes.
func (in *reader) close(whole bool) {
	if whole {
		in.wire.stop()
	}
	if in.zstd != nil {
		in.zstd.close()
	}
}

// How large a body's buffer is at first. When it is full it grows to the next size of the pool, fourfold, and from
// 4 MiB on twofold, but never beyond what is announced. Copies cost little beside what the body's own way costs.
const (
	firstRoom   = 16 << 10
	unknownRoom = 4 << 10 // of a body of unknown size
)

// all reads the whole body into one buffer that grows no faster than the body comes in. The
// room of the buffer is taken before it is made: most of what came, and not what is announced.
func (in *reader) all(pool *buffer.Pool) (*buffer.Buffer, error) {
	size := int64(unknownRoom)
	if in.size >= 0 {
		size = min(in.size+1, firstRoom) // one more, so that the end is seen without growing
	}
	if err := in.reserve(int64(buffer.Room(int(size)))); err != nil {
		return nil, err
	}
	buf := pool.Get(int(size))
	for {
		n, err := in.Read(buf.B[len(buf.B):cap(buf.B)])
		buf.B = buf.B[:len(buf.B)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err == nil && len(buf.B) == cap(buf.B) {
			buf, err = in.grow(pool, buf)
		}
		if err != nil {
			pool.Put(buf)
			return nil, err
		}
	}
}

// grow gives a full buffer more room.
func (in *reader) grow(pool *buffer.Pool, full *buffer.Buffer) (*buffer.Buffer, error) {
	size := 2 * int64(cap(full.B))
	if most := in.size + 1; most > int64(cap(full.B)) { // open has refused what is announced beyond the limit
		size = min(size, most)
	}
	size = min(size, max(in.limit, int64(cap(full.B)))+1)
	if err := in.reserve(int64(buffer.Room(int(size)))); err != nil {
		return full, err
	}
	return pool.GrowTo(full, int(size)), nil
}

// counted reads a body that is held as it comes: each byte is taken from the share.
type counted struct{ in *reader }

// Read gives the decoded body.
func (c counted) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	if refused := c.in.reserve(c.in.read); refused != nil {
		return 0, refused
	}
	return n, err
}

// LimitTime gives a client the first window to send its body in, also one that nobody will
// read: a server takes what little is left of it off the connection before it answers.
func LimitTime(w http.ResponseWriter, r *http.Request, window time.Duration) {
	if r.ContentLength != 0 {
		setReadDeadline(w, time.Now().Add(window))
	}
}

// setReadDeadline is what http.ResponseController does, without making one for each request.
func setReadDeadline(w http.ResponseWriter, t time.Time) {
	if conn, ok := w.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = conn.SetReadDeadline(t)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(t) // in-memory servers have no deadlines
}

// pacer reads from the connection and moves its deadline: each window must bring its
// share of bytes.
type pacer struct {
	src    io.Reader
	w      http.ResponseWriter
	window time.Duration
	end    time.Time // of all
	share  int64     // bytes left to come in the present window
	total  int64
	err    error // of the connection, other than its end
}

// start begins with the window that LimitTime opened.
func (p *pacer) start() {
	p.end = time.Now().Add(bodyTimeout)
	p.share = p.windowShare()
}

func (p *pacer) windowShare() int64 { return max(int64(p.window.Seconds()*minRate), 1) }

// next begins a window.
func (p *pacer) next() {
	p.share = p.windowShare()
	until := time.Now().Add(p.window)
	if until.After(p.end) {
		until = p.end
	}
	setReadDeadline(p.w, until)
}

func (p *pacer) stop() { setReadDeadline(p.w, time.Time{}) }

// Read reads from the connection.
func (p *pacer) Read(b []byte) (int, error) {
	n, err := p.src.Read(b)
	p.total += int64(n)
	if p.share -= int64(n); p.share <= 0 && err == nil {
		p.next()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

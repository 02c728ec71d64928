package body

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// How a request body may come in. A client that sends slower than minRate on average over
// a window (Limits.Window) is cut, and so is one that takes longer than bodyTimeout.
const (
	minRate     = 1 << 10 // bytes per second
	bodyTimeout = 10 * time.Minute
	// A compressed body may not grow more than maxRatio-fold; small ones may.
	maxRatio  = 100
	ratioFrom = 64 << 10
	zstdMax   = 8 << 20 // window of zstd, which is memory
)

// reader reads one request body: no slower, larger or more compressed than allowed.
type reader struct {
	wire    pacer
	src     io.Reader // decoded
	decoder *zstd.Decoder
	size    int64 // announced size of the decoded body; below zero: unknown
	limit   int64
	read    int64
	budget  *Budget
	taken   int64 // of the budget
}

// open prepares to read a request's body. Whoever opens it closes it; what it has taken of
// the budget stays taken.
func (l *Limits) open(w http.ResponseWriter, r *http.Request) (*reader, error) {
	in := &reader{limit: l.Max, budget: l.Budget, size: -1}
	in.wire = pacer{src: r.Body, w: w, window: l.Window}
	in.wire.start()
	in.src = &in.wire
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		in.size = r.ContentLength
	case "gzip", "x-gzip":
		in.src = &lazyGzip{src: &in.wire}
	case "zstd":
		d, err := zstd.NewReader(&in.wire, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdMax), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		in.src, in.decoder = d, d
	default:
		return nil, errEncoding
	}
	if r.ContentLength > l.Max {
		return nil, errTooLarge
	}
	if in.size > 0 && !in.reserve(in.size) {
		return nil, errBudget
	}
	return in, nil
}

func (in *reader) reserve(n int64) bool {
	if n <= in.taken {
		return true
	}
	if !in.budget.Take(n - in.taken) {
		return false
	}
	in.taken = n
	return true
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
	case !in.reserve(in.read):
		return 0, errBudget
	}
	return n, err
}

// close ends the reading. After a whole body the deadline is off the connection; after any
// other it stays, for what net/http still reads before it closes.
func (in *reader) close(whole bool) {
	if whole {
		in.wire.stop()
	}
	if in.decoder != nil {
		in.decoder.Close()
	}
}

// all reads the whole body into one buffer that grows no faster than the body comes in.
func (in *reader) all(pool *buffer.Pool) (*buffer.Buffer, error) {
	const atOnce = 2 << 20
	size := int64(4 << 10)
	if in.size >= 0 {
		size = min(in.size, atOnce) + 1 // one more, so that the end is seen without growing
	}
	buf := pool.Get(int(size))
	for {
		n, err := in.Read(buf.B[len(buf.B):cap(buf.B)])
		buf.B = buf.B[:len(buf.B)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			pool.Put(buf)
			return nil, err
		}
		if len(buf.B) == cap(buf.B) {
			buf = pool.Grow(buf)
		}
	}
}

// LimitTime gives a client the first window to send its body in, also one that nobody will
// read: net/http waits for the rest of it before it closes the connection.
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

// lazyGzip reads the header of a gzip body only with its first bytes, so that opening waits
// for nothing.
type lazyGzip struct {
	src io.Reader
	z   *gzip.Reader
}

// Read gives decompressed bytes.
func (g *lazyGzip) Read(b []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.src)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("gzip: %w", err)
		}
		g.z = z
	}
	return g.z.Read(b)
}

package engine

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// fill puts the request's body, the client's passed headers and what was minted for the credential
// into an attempt's request.
func (a *attempt) fill(ctx context.Context, r *http.Request) error {
	req := a.call.req
	if !a.up.ReleasesBody() {
		a.call.memory.leak()
	}
	for _, name := range a.endpoint.Passed {
		a.pass(r, name)
	}
	for _, name := range a.Provider.Forward {
		if !ofConnection(req.HTTP, name) {
			a.pass(r, name)
		}
	}
	if a.Provider.ForwardTrace {
		a.passTrace(r, &a.call.rec.Trace, a.record.Span)
	}
	if len(req.Hops) > 0 {
		r.Header[dataplane.HopHeader] = req.Hops // whatever the provider's configuration says
	}
	src, size := a.outgoing.body()
	r.ContentLength = size
	if form := req.Body.Form; form != nil {
		r.Header["Content-Type"] = []string{form.ContentType}
	}
	if a.token != nil {
		again, _ := a.outgoing.body()
		if err := a.token.authorize(ctx, r, again, a.call.engine.cfg.Now()); err != nil {
			return err
		}
	}
	a.stall.start(a.call.engine.cfg.WriteStall, r.ContentLength, a.clock.cancel)
	a.sent.Store(false)
	a.whole.Store(false)
	r.Body = &sending{src: src, stall: &a.stall, left: r.ContentLength, sent: &a.sent, whole: &a.whole}
	return nil
}

// stallFrom is the size of a body from which its writing is watched: what is smaller fits
// the buffers on the way and cannot stall there.
const stallFrom = 64 << 10

// stall ends an attempt whose upstream takes no bytes of the request body for a while. The
// transport's writer moves it on, so it is locked; nobody waits while holding the lock.
type stall struct {
	mu    sync.Mutex
	limit time.Duration
	timer *time.Timer // nil: not watching
}

// start begins to watch a body.
func (s *stall) start(limit time.Duration, size int64, cancel func(error)) {
	s.stop()
	if size < stallFrom {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limit
	s.timer = time.AfterFunc(time.Hour, func() { cancel(timeUp{dataplane.WriteTimeout}) })
	s.timer.Stop() // until the first byte is taken: connecting has its own limit
}

// moved notes that the upstream takes bytes.
func (s *stall) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(s.limit)
	}
}

// stop ends the watch: the body is written, or the answer is there before it was.
func (s *stall) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// sending is a request body on its way: each read tells that what was read before is gone.
// What was read last may still wait in buffers; that is for the next limit to notice.
type sending struct {
	src   io.Reader
	stall *stall
	left  int64
	sent  *atomic.Bool // nothing of it will be looked at any more
	whole *atomic.Bool // all of it was taken
}

// Read gives the next bytes.
func (s *sending) Read(b []byte) (int, error) {
	n, err := s.src.Read(b)
	if s.left -= int64(n); s.left > 0 && err == nil {
		s.stall.moved()
	} else {
		s.stall.stop()
	}
	if s.left <= 0 {
		s.whole.Store(true)
	}
	return n, err
}

// WriteTo hands a body that lies in memory over without copying it, in pieces small enough
// to show that it moves.
func (s *sending) WriteTo(w io.Writer) (n int64, err error) {
	p, ok := s.src.(*scan.Reader)
	if !ok {
		return io.Copy(w, struct{ io.Reader }{s})
	}
	defer s.stall.stop()
	for b := p.Next(stallFrom); b != nil; b = p.Next(stallFrom) {
		if s.left -= int64(len(b)); s.left > 0 {
			s.stall.moved()
		}
		k, err := w.Write(b)
		if n += int64(k); err != nil {
			return n, err
		}
	}
	s.sent.Store(true)
	s.whole.Store(true)
	return n, nil
}

// Close does nothing: the request owns what is behind it.
func (s *sending) Close() error { return nil }

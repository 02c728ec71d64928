package engine

import (
	"errors"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// connection is the way to the client.
type connection struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	slow    time.Duration // that one write may take
	headers bool          // of a stream are sent, maybe by a keep-alive comment long before the commit
	written time.Time     // when the write deadline was set last
	wrote   time.Time     // when the last write of a stream began
	err     error         // of the first write that failed
	array   *sse.Array    // what becomes of the events of a stream; nil: the client gets them as they are
}

// sendHeaders begins a stream, once.
func (c *connection) sendHeaders() {
	if c.headers {
		return
	}
	c.headers = true
	h := c.w.Header()
	h["Content-Type"] = eventStream
	if c.array != nil {
		h["Content-Type"] = jsonArray
	}
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = noBuffering
	c.w.WriteHeader(http.StatusOK)
}

var (
	eventStream = []string{"text/event-stream; charset=utf-8"}
	jsonArray   = []string{"application/json; charset=utf-8"}
	noCache     = []string{"no-cache"}
	noBuffering = []string{"no"}
)

// write sends bytes of a stream and flushes them; a client that does not take them is cut.
func (c *connection) write(b []byte) {
	if c.array != nil {
		b = c.array.Write(b)
	}
	if c.err != nil || len(b) == 0 {
		return
	}
	c.wrote = time.Now()
	if c.wrote.Sub(c.written) > c.slow/4 {
		c.allowWrite()
		c.written = c.wrote
	}
	if _, c.err = c.w.Write(b); c.err == nil {
		c.err = c.rc.Flush()
	}
}

// allowWrite gives the next write to the client its time.
func (c *connection) allowWrite() {
	_ = c.rc.SetWriteDeadline(time.Now().Add(c.slow)) // in-memory servers have no deadlines
}

// clientVerdict classifies an error of writing to the client.
func clientVerdict(err error) dataplane.Verdict {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return dataplane.Verdict{Outcome: dataplane.SlowClient, Reason: "the client took no data for too long"}
	}
	if _, ours := errors.AsType[*body.DiskError](err); ours {
		return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: "the held stream could not be read again"}
	}
	return dataplane.Verdict{Outcome: dataplane.ClientClosed}
}

// writeEdited sends a whole answer with some edits, mostly none.
func (c *connection) writeEdited(answer []byte, edits []scan.Edit) error {
	if len(edits) > 0 {
		return c.writeSpliced(scan.Splice(answer, edits...))
	}
	_, err := c.w.Write(answer)
	return err
}

// writeSpliced sends a whole answer.
func (c *connection) writeSpliced(answer scan.Spliced) error {
	r := answer.Reader()
	for part := r.Next(math.MaxInt); part != nil; part = r.Next(math.MaxInt) {
		if _, err := c.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

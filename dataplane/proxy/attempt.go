package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
)

// attempt is one try on one target. Everything that belongs to a try lives here, so a
// failed one leaves nothing behind for the next.
type attempt struct {
	turn
	call       *call
	up         Upstream
	credential *dataplane.Credential
	last       bool // no candidate is left behind it
	again      bool // it is the attempt before, once more
	wantUsage  bool // we asked for a usage chunk that the client did not
	started    time.Time
	record     dataplane.Attempt
	clock      clock
	stall      stall
	sent       atomic.Bool // the upstream's client is done with the request's body
	reported   bool
	// keywordMoves: the failure keyword in the record is one that moves on.
	keywordMoves bool

	// What the connection told, for the retry on a stale one.
	reused bool
	body   []byte // of an error answer, bounded
}

func newAttempt(c *call, t turn, last bool) *attempt {
	return &attempt{turn: t, call: c, last: last}
}

// run makes the attempt. answered means that the client has its answer, good or cut;
// else the verdict says what may follow.
func (a *attempt) run(ctx context.Context) (v dataplane.Verdict, answered bool) {
	c := a.call
	a.started = c.h.cfg.Now()
	a.record = dataplane.Attempt{Provider: a.Provider.Name, Model: a.Model, StartOffset: a.started.Sub(c.record.Start)}
	if a.up = c.h.cfg.Upstream(a.Provider); a.up == nil || !a.up.Acquire(a.Provider.MaxInFlight) {
		c.release(a.probes[:], a.Policy)
		return a.end(dataplane.Verdict{Outcome: dataplane.TargetBusy, Reason: "max_in_flight is met"}), false
	}
	defer a.up.Release()
	a.Load.Begin()
	defer a.Load.End()
	a.Provider.Load.Begin()
	defer a.Provider.Load.End()
	a.credential = c.credential(ctx, &a.turn, a.up)
	a.record.LastResort, a.record.Again = a.lastResort, a.again
	if a.credential != nil {
		a.record.Credential = a.credential.Name
	}

	v, answered = a.exchange(ctx)
	if !answered && a.refusedStreamUsage(v) {
		a.up.RefuseStreamUsage()
		v, answered = a.exchange(ctx)
	}
	if !answered {
		a.end(v)
	}
	return v, answered
}

// exchange sends the request and judges what comes back.
func (a *attempt) exchange(ctx context.Context) (v dataplane.Verdict, answered bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.clock.begin(cancel)
	defer a.clock.stop()
	resp, err := a.send(ctx)
	a.stall.stop()
	if err != nil {
		return a.transportVerdict(ctx, err), false
	}
	defer resp.Body.Close()
	a.record.Status = resp.StatusCode
	return a.judge(ctx, resp)
}

// send posts the request, once more if the connection it was given turned out to be one
// that the upstream had just closed.
func (a *attempt) send(ctx context.Context) (*http.Response, error) {
	resp, err := a.roundTrip(ctx)
	if err == nil || !a.reused || ctx.Err() != nil || !isStale(err) || a.call.unsafe {
		return resp, err
	}
	a.up.DropIdle()
	return a.roundTrip(ctx)
}

func (a *attempt) roundTrip(ctx context.Context) (*http.Response, error) {
	e := &a.call.envelope
	a.wantUsage = e.Stream && a.call.endpoint.Stream.Options && !e.UsageAsked && a.up.StreamUsage()
	a.reused = false
	a.clock.phase(dataplane.ConnectTimeout, a.Policy.ConnectTimeout)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: a.connected})
	r := a.up.NewRequest(ctx, a.Provider, a.credential, a.call.endpoint.Path)
	a.fill(r)
	return a.up.RoundTrip(r)
}

// connected starts the wait for the answer: for the first token of a stream, unless
// nobody is left to try after this one, or for the whole of a plain answer, which may also
// come where a stream was asked for.
func (a *attempt) connected(info httptrace.GotConnInfo) {
	a.reused = info.Reused
	switch {
	case !a.call.envelope.Stream, a.call.endpoint.Stream.Plain:
		a.clock.phase(dataplane.ResponseTimeout, a.Policy.ResponseTimeout)
	case a.last:
		a.clock.stop()
	default:
		a.clock.phase(dataplane.FirstTokenTimeout, a.Policy.FirstTokenTimeout+a.promptAllowance())
	}
}

// Long prompts take longer to read: a second for every 4,096 tokens, at four bytes each.
func (a *attempt) promptAllowance() time.Duration {
	return time.Duration(a.promptTokens()/4096) * time.Second
}

func (a *attempt) promptTokens() int { return a.call.bodySize / 4 }

// giantPrompt is where a timeout says more about the caller than about the target.
const giantPrompt = 32 << 10

// isStale recognises what a connection gives that the upstream closed while it was idle.
func isStale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || isReset(err) ||
		bytes.Contains([]byte(err.Error()), []byte("server closed idle connection"))
}

// transportVerdict judges an attempt that got no answer at all.
func (a *attempt) transportVerdict(ctx context.Context, err error) dataplane.Verdict {
	if o, ok := stopped(ctx); ok {
		return dataplane.Verdict{Outcome: o}
	}
	return classify.Transport(err)
}

// refusedStreamUsage recognises an upstream that does not know stream_options.
func (a *attempt) refusedStreamUsage(v dataplane.Verdict) bool {
	return a.wantUsage && v.Outcome == dataplane.BadRequest &&
		(bytes.Contains(a.body, []byte("stream_options")) || bytes.Contains(a.body, []byte("include_usage")))
}

// end closes the record of an attempt that left the client unanswered.
func (a *attempt) end(v dataplane.Verdict) dataplane.Verdict {
	c := a.call
	if v.Outcome != dataplane.TargetBusy {
		a.report(v)
		c.failed = append(c.failed, failure{target: a.Target, verdict: v, status: a.record.Status, body: a.body})
	}
	a.close(v)
	return v
}

// close writes the attempt into the call's record.
func (a *attempt) close(v dataplane.Verdict) {
	c := a.call
	a.record.Duration = c.h.cfg.Now().Sub(a.started)
	a.record.Outcome, a.record.Reason = v.Outcome, string(classify.Scrub([]byte(v.Reason), a.Provider.Secrets))
	a.record.MaybeBilled = v.Outcome.Rule().MaybeBilled
	a.record.Blame = a.blame(v)
	if a.record.Usage.Source != dataplane.UsageNone || v.Outcome == dataplane.OK { // calls may have a price of their own
		a.record.Cost = a.Price.Cost(a.record.Usage)
	}
	c.record.Attempts = append(c.record.Attempts, a.record)
	c.upstream += a.record.Duration
}

package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
)

// attempt is one try on one target. Everything that belongs to a try lives here, so a
// failed one leaves nothing behind for the next.
type attempt struct {
	trial
	outgoing
	call      *call
	up        Upstream
	out       outbox
	noUsage   bool // we asked for a usage chunk that the client did not, and do not ask again
	record    dataplane.Attempt
	keywords  keywordSearch
	clock     clock
	stall     stall
	sent      atomic.Bool // the upstream's client is done with the request's body
	whole     atomic.Bool // the request's body went out to its end
	speaks    atomic.Bool // its stream has begun to say something
	received  int64       // bytes of output text, of an answer that is not the client's
	reused    bool        // the connection: it may turn out to be stale
	errorBody []byte      // of an error answer, bounded
	ids       renaming
	token     *sentToken // nil: the credential's secret is sent
	over      bool       // its response in the background has ended
}

// newAttempt is a try of a candidate; last says that none is left behind it.
func newAttempt(c *call, next candidate, last bool) *attempt {
	cfg := &c.engine.cfg
	a := &attempt{call: c, outgoing: outgoing{req: c.req, target: next.Target, endpoint: c.req.Endpoint}}
	if next.To != "" {
		a.endpoint = c.engine.conversation(next.To)
	}
	a.clock.last = last || c.req.Unsafe // what took effect once is not sent again
	a.out.to, a.out.held.pool = &c.client, cfg.Pool
	if c.holdsWhole() {
		a.out.held.full = newFullResponse(cfg, &c.req.Share)
	}
	a.trial = trial{candidate: next, health: cfg.Health, caller: c.req.Key.Caller, number: a.endpoint.Number, giant: c.req.promptTokens() > giantPrompt}
	a.keywords.hit = cfg.KeywordHit
	if c.rec.Trace.Span != (dataplane.SpanID{}) {
		a.record.Span = dataplane.NewSpanID()
	}
	return a
}

// giantPrompt is where a timeout says more about the caller than about the target, in tokens.
const giantPrompt = 32 << 10

// begin notes when the attempt begins. A race does so before it is run: attempts are recorded in the order in which
// they were decided on, and not in that in which their goroutines came to a processor.
func (a *attempt) begin() {
	a.started = a.call.engine.cfg.Now()
	a.record.Provider, a.record.Model, a.record.StartOffset = a.Provider.Name, a.Model, a.started.Sub(a.call.rec.Start)
}

// run makes the attempt. answered means that the client has its answer, good or cut;
// else the verdict says what may follow.
func (a *attempt) run(ctx context.Context) (v dataplane.Verdict, answered bool) {
	cfg := &a.call.engine.cfg
	if a.record.Retry {
		defer a.Provider.Load.EndRetry()
	}
	if a.started.IsZero() {
		a.begin()
	}
	if a.up = cfg.Upstream(a.Provider); a.up == nil || !a.up.Acquire(a.Provider.MaxInFlight) {
		a.releaseProbes(cfg.Health)
		return a.end(dataplane.Verdict{Outcome: dataplane.TargetBusy, Reason: "max_in_flight is met"}), false
	}
	defer a.up.Release()
	a.Load.Begin()
	defer a.Load.End()
	a.Provider.Load.Begin()
	defer a.Provider.Load.End()
	a.pickCredential(ctx, a.up, cfg.Health, a.call.affinity)
	a.record.LastResort = a.lastResort
	if a.credential != nil {
		a.record.Credential = a.credential.Name
	}
	var valid bool
	if a.token, valid = takeToken(a.Provider, a.credential); !valid {
		return a.end(noToken), false
	}
	if v, refused := a.prepare(); refused {
		return a.end(v), false
	}

	v, answered = a.exchange(ctx)
	if !answered && a.refusedStreamUsage(v) {
		v, answered = a.withoutUsage(ctx)
	}
	if !answered {
		v, answered = a.adapt(ctx, v)
	}
	if !answered {
		if v.Outcome == dataplane.OK || isSuperseded(ctx) { // it was good, or might have been
			v = superseded
		}
		a.end(v)
		a.confirm(ctx, v)
	}
	return v, answered
}

// prepare makes the request that the target gets. It must know the credential: what is opaque goes back
// to its own account alone.
func (a *attempt) prepare() (v dataplane.Verdict, refused bool) {
	if a.To != "" {
		if v, refused = a.translate(); refused {
			return v, true
		}
	}
	if v, refused = a.rewrite(&a.call.carried, &a.record); refused {
		return v, true
	}
	if a.translation != nil {
		return a.address()
	}
	a.ids.begin(a)
	if v, refused = a.shape(); refused || a.shaped == nil {
		return v, refused
	}
	if !a.call.memory.take(int64(len(a.shaped.body))) {
		return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: errBudget.Error()}, true
	}
	return v, false
}

// exchange sends the request and classifies what comes back.
func (a *attempt) exchange(ctx context.Context) (v dataplane.Verdict, answered bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.clock.begin(cancel)
	defer a.clock.stop()
	resp, err := a.send(ctx)
	a.stall.stop()
	if err != nil {
		return noAnswer(ctx, err), false
	}
	defer resp.Body.Close()
	a.record.Status = resp.StatusCode
	return a.receive(ctx, resp)
}

// send posts the request, once more if the connection it was given turned out to be one
// that the upstream had just closed.
func (a *attempt) send(ctx context.Context) (*http.Response, error) {
	resp, err := a.roundTrip(ctx)
	if err == nil || !a.reused || ctx.Err() != nil || !isStale(err) || a.call.req.Unsafe {
		return resp, err
	}
	a.up.DropIdle()
	return a.roundTrip(ctx)
}

func (a *attempt) roundTrip(ctx context.Context) (*http.Response, error) {
	req := a.call.req
	a.wantUsage = req.Stream && a.endpoint.Stream.Options && (a.translation != nil || !req.Envelope.UsageAsked) && !a.noUsage && a.call.engine.streamUsage(a.Target)
	a.reused = false
	a.clock.phase(dataplane.ConnectTimeout, a.Policy.ConnectTimeout)
	r := a.up.NewRequest(ctx, a.Provider, a.credential, a.endpoint.Place(req.Stream), a.Model)
	if err := a.fill(ctx, r); err != nil {
		return nil, err
	}
	return a.up.Send(r, a.connected)
}

// connected starts the wait for the answer: for the first token of a stream, unless
// nobody is left to try after this one, or for the whole of a plain answer, which may also
// come where a stream was asked for. A plain answer has less time while somebody is left.
func (a *attempt) connected(reused bool) {
	a.reused = reused
	switch req := a.call.req; {
	case !req.Stream, a.endpoint.Stream.Plain:
		alone := a.Policy.ResponseTimeout
		a.clock.wait(dataplane.ResponseTimeout, min(alone, a.Policy.AttemptTimeout+req.readingTime()), alone)
	default:
		a.clock.wait(dataplane.FirstTokenTimeout, a.firstTokenWait(), endless)
	}
}

// accept commits the attempt: health hears of it, the caller's clock stops, and the
// headers say who answers.
func (a *attempt) accept(upstream http.Header) {
	c := a.call
	c.deadlines.stopCaller()
	now := c.engine.cfg.Now()
	a.succeeded(a.endpoint.Number, now)
	c.won(a, upstream, now)
}

// finish closes the record of an attempt whose answer the client has.
func (a *attempt) finish(v dataplane.Verdict) dataplane.Verdict {
	if v.Outcome != dataplane.OK {
		a.failed(v)
	}
	a.close(v, true)
	return v
}

// end closes the record of an attempt that left the client unanswered.
func (a *attempt) end(v dataplane.Verdict) dataplane.Verdict {
	if v.Outcome != dataplane.TargetBusy {
		a.failed(v)
	}
	a.close(v, false)
	return v
}

// failed tells health how the attempt ended, and keeps in mind what that tells of its target.
func (a *attempt) failed(v dataplane.Verdict) {
	a.call.unconfirmed.note(a, v)
	a.report(v)
}

// close writes the attempt into the record, as the one that answered the client if it is.
func (a *attempt) close(v dataplane.Verdict, answered bool) {
	a.record = a.ending(v)
	a.record.Reason = string(classify.Scrub([]byte(v.Reason), a.secrets()))
	a.record.MaybeBilled = a.maybeBilled(v)
	a.record.Blame = a.blame(v)
	a.record.Keyword = a.keywords.name
	if t := a.translation; t != nil {
		a.record.Translation.Approximated, a.record.Translation.Dropped = t.losses.Approximated, t.losses.Dropped
	}
	if a.record.Pending = a.call.req.Background && a.record.ResponseID != "" && !a.over; a.record.Pending {
		a.record.Usage = dataplane.Usage{} // it is billed when it ends
		a.call.add(&a.record, v, answered)
		return
	}
	if a.record.MaybeBilled {
		a.record.Usage = a.call.req.settle(a.record.Usage, a.received)
	}
	if a.record.MaybeBilled || a.record.Usage != (dataplane.Usage{}) || v.Outcome == dataplane.OK { // calls may have a price of their own
		a.record.Rates = a.Price.For(&a.record.Usage)
		a.record.Cost = a.record.Rates.Cost(a.record.Usage)
	}
	a.call.add(&a.record, v, answered)
}

// maybeBilled reports whether the provider may charge for an attempt that did not go well: it
// got all of the request and did not refuse it. What it worked on and gave up is charged, also
// when only a proxy in front of it says so.
func (a *attempt) maybeBilled(v dataplane.Verdict) bool {
	if !v.Outcome.Rule().MaybeBilled {
		return false
	}
	switch status := a.record.Status; {
	case status == 0:
		return a.whole.Load()
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusGatewayTimeout, status == 524:
		return true
	default:
		return status >= 200 && status <= 299
	}
}

// ending is the attempt as it will be recorded when it ends now with v.
func (a *attempt) ending(v dataplane.Verdict) dataplane.Attempt {
	r := a.record
	r.ResponseID = a.ids.native
	r.Outcome, r.Duration = v.Outcome, a.call.engine.cfg.Now().Sub(a.started)
	return r
}

// noAnswer classifies an attempt that got no answer at all.
func noAnswer(ctx context.Context, err error) dataplane.Verdict {
	if o, ok := stopped(ctx); ok {
		return dataplane.Verdict{Outcome: o}
	}
	if _, ours := errors.AsType[unsigned](err); ours {
		return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: "the request could not be signed"}
	}
	return classify.Transport(err)
}

// isStale recognises what a connection gives that the upstream closed while it was idle: no byte of an answer.
func isStale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		bytes.Contains([]byte(err.Error()), []byte("server closed idle connection"))
}

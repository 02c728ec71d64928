package engine

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/httpfield"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// call is one request on its way through the attempt loop. It holds the parts together:
// what came in, what the client gets, what is recorded.
type call struct {
	engine *Engine
	req    *Request
	rec    *Record
	client response

	left      candidates
	affinity  *stickiness // nil: the group is not sticky
	deadlines deadlines
	tried     int  // attempts that were begun
	retried   bool // a target, while others were left
	shared    shared
	memory    memory
	captured  *capture // nil: bodies are not kept
	stream    activeStream

	carried     wire.Cuts // of what the client carries for providers of other dialects
	translator  translator
	unconfirmed unconfirmed
}

func newCall(e *Engine, req *Request, rec *Record) *call {
	c := &call{engine: e, req: req, rec: rec}
	c.memory.pool, c.memory.body, c.memory.share = e.cfg.Pool, &req.Body, &req.Share
	c.translator = translator{engine: e, req: req, memory: &c.memory}
	c.unconfirmed.engine, c.unconfirmed.req = e, req
	return c
}

// serve is the attempt loop: candidates in order, each once and some of them perhaps twice (retry.go),
// or the next beside a slow one (race.go), until one answers, the attempts are used up, or an outcome
// says that another try cannot help.
func (c *call) serve() {
	ctx, cancel := context.WithCancelCause(c.req.HTTP.Context())
	defer cancel(nil)
	c.deadlines.start(c, cancel)
	defer c.deadlines.stop()
	if c.req.Stream {
		c.engine.enter(&c.stream, c.req.Key, cancel)
		defer c.engine.active.leave(&c.stream)
	}
	c.openResponse()
	defer c.client.close()

	c.candidates()
	defer func() { c.rec.Skipped = c.left.skipped() }()
	if !c.oneByOne(ctx) && !c.withoutOpaque(ctx) && !c.estimates() {
		c.fail()
	}
	c.client.endArray()
}

// oneByOne tries the candidates one after another, and says whether one answered.
func (c *call) oneByOne(ctx context.Context) (answered bool) {
	most := c.req.maxAttempts()
	if c.hedges(most) {
		return c.race(ctx, most)
	}
	for c.tried < most {
		next, ok := c.left.next(ctx)
		if !ok {
			break
		}
		a := newAttempt(c, next, c.isLast(most))
		verdict, answered := c.try(ctx, a)
		if answered {
			return true
		}
		if again, v := c.again(ctx, a, verdict, most); again == nil {
			verdict = v
		} else if verdict, answered = c.try(ctx, again); answered {
			return true
		}
		if !c.mayMove(a, verdict) {
			break
		}
	}
	return false
}

// isLast says whether no candidate is left behind the next attempt.
func (c *call) isLast(most int) bool { return c.left.count() == 0 || c.tried == most-1 }

// try makes an attempt while no other one is under way.
func (c *call) try(ctx context.Context, a *attempt) (v dataplane.Verdict, answered bool) {
	c.tried++
	if v, answered = a.run(ctx); !answered {
		c.note(a, v)
	}
	return v, answered
}

// note keeps how an attempt failed, for what the client is told when all do.
func (c *call) note(a *attempt, v dataplane.Verdict) {
	if v.Outcome != dataplane.TargetBusy && v.Outcome != dataplane.Superseded {
		c.rec.failed = append(c.rec.failed, failure{target: a.Target, verdict: v, status: a.record.Status, body: a.errorBody, translated: a.translation != nil})
	}
}

// openResponse prepares what the client gets.
func (c *call) openResponse() {
	cfg := &c.engine.cfg
	c.client.rc = http.NewResponseController(c.client.w)
	c.client.slow = cfg.SlowClient
	if c.req.Array {
		c.client.array = new(sse.Array)
	}
	if c.req.Stream && c.req.policy().StreamKeepAlive {
		c.client.keepAlive(cfg.KeepAlive, c.req.Endpoint.KeepsAlive(), cmp.Or(c.req.Endpoint.Stream.Alive, comment))
	}
}

// holdsWhole says whether a stream is held to its end.
func (c *call) holdsWhole() bool {
	return c.req.Stream && (c.req.policy().HoldWhole || c.req.Complete)
}

// release gives back what the call holds beyond the request's body.
func (c *call) release() {
	c.memory.release()
	c.captured.end(c.rec)
}

// answerHeaders says who answers, after how many attempts, and what we took ourselves; spent
// is what all attempts took until now.
func (c *call) answerHeaders(a *attempt, upstream http.Header, spent time.Duration) {
	c.rec.Overhead = max(c.engine.cfg.Now().Sub(c.rec.Start)-spent, 0)
	h := c.client.w.Header()
	values := []string{
		headerText(a.Provider.Name),
		strconv.Itoa(c.tried),
		strconv.FormatFloat(float64(c.rec.Overhead.Microseconds())/1000, 'f', 3, 64),
	}
	h["X-Trunkline-Provider"] = values[0:1:1]
	h["X-Trunkline-Attempts"] = values[1:2:2]
	h["X-Trunkline-Overhead-Ms"] = values[2:3:3]
	if t := a.translation; t != nil {
		text := t.header
		if text == "" {
			text = translationText(a.record.Translation, &t.losses)
		}
		h[translatedHeader] = []string{text}
	}
	if n := a.record.Opaque; n > 0 {
		h["X-Trunkline-Opaque-Items-Cut"] = []string{strconv.Itoa(n)}
	}
	if id := httpfield.Get(upstream, "X-Request-Id"); id != "" {
		h["X-Upstream-Request-Id"] = []string{id}
	}
}

// headerText makes a name fit for a header: other than visible ASCII becomes %-escapes.
func headerText(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '%' {
			return url.PathEscape(s)
		}
	}
	return s
}

// mayMove says whether the next candidate may be tried after an attempt that ended so.
func (c *call) mayMove(a *attempt, v dataplane.Verdict) bool {
	rule := v.Outcome.Rule()
	if c.req.Unsafe && !tookNoEffect(v) {
		return false
	}
	switch rule.Move {
	case dataplane.Next, dataplane.NextIfSafe:
		return true
	case dataplane.NextIfWide:
		c.left.onlyWiderThan(a.ContextWindow)
		return true
	case dataplane.NextIfSet:
		return c.req.policy().FailOverOnContent
	}
	return false
}

// tookNoEffect reports whether an attempt provably changed nothing at its provider: it was never sent, or the provider
// does not have what the request goes on with.
func tookNoEffect(v dataplane.Verdict) bool { return v.Outcome.Rule().NeverSent || v.Foreign }

// fail tells the client that nobody answered.
func (c *call) fail() {
	cfg := &c.engine.cfg
	e := ending{req: c.req, failed: c.rec.failed, left: &c.left, lacking: c.translator.lacking, health: cfg.Health, now: cfg.Now(), stopping: c.engine.active.stopping.Load()}
	last := e.outcome()
	c.rec.Outcome = last
	if last == dataplane.ClientClosed {
		c.rec.Gone(last)
		return
	}
	c.answer(e.final(last))
}

// answer sends the final error: as a response, or as an event when the headers of a
// stream are out already. No client takes a stream that ends with that for a whole one.
func (c *call) answer(f final) {
	c.rec.Status, c.rec.ErrorCode = f.status, f.err.Code
	if f.body != nil {
		c.rec.ErrorCode = c.rec.Outcome.Rule().Code
	}
	errors := c.req.Endpoint.Errors
	body := c.explain(f.bytes(errors, c.rec.ID))
	if !c.client.fail(errors.Event(body, wire.Place{})) {
		c.client.w.Header()["X-Trunkline-Attempts"] = []string{strconv.Itoa(len(c.rec.Attempts))}
		f.write(c.client.w, body)
	}
}

// abort cuts the connection: of an answer that has no events, nothing else tells the client
// that it is not whole.
func abort() { panic(http.ErrAbortHandler) }

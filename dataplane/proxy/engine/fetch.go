package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Fetch is a request about one stored response: to see it, to see what it was asked, to cancel or to
// delete it. Its provider alone is asked, once, with the credential that made it; it says nothing
// of anybody's health.
type Fetch struct {
	HTTP     *http.Request // of the client; its method goes on as it is
	Action   string        // behind the id in the path: cancel or input_items; empty: none
	Snapshot *dataplane.Snapshot
	Key      *dataplane.APIKey
	Sent     string // the id as the client has it
	ID       dataplane.ResponseID
	Share    body.Share
	Hops     []string
	Errors   *wire.Errors
	CallID   string // of this request
	// See gets the response as its provider tells it, each time it is seen, and says whether it is
	// over; nil: nobody looks.
	See func(response []byte) (over bool)
}

// fetchEndpoint is where providers keep responses.
const fetchEndpoint = "/responses"

// Fetch answers a request about a stored response and says how that went. It panics with
// http.ErrAbortHandler to cut the connection of a client that must not take what it has for all.
func (e *Engine) Fetch(w http.ResponseWriter, f *Fetch) dataplane.Outcome {
	ctx, cancel := context.WithCancelCause(f.HTTP.Context())
	defer cancel(nil)
	var active activeStream
	e.enter(&active, f.Key, cancel)
	defer e.active.leave(&active)
	g := fetching{Fetch: f, engine: e, w: w}
	g.clock.begin(cancel)
	defer g.clock.stop()
	v := g.run(ctx)
	if v.Outcome == dataplane.OK || g.begun {
		return v.Outcome
	}
	if v.Outcome != dataplane.ClientClosed {
		g.refuse(v)
	}
	return v.Outcome
}

// fetching is a Fetch under way.
type fetching struct {
	*Fetch
	engine *Engine
	w      http.ResponseWriter
	clock  clock
	cred   *dataplane.Credential
	token  *sentToken // nil: the credential's secret is sent
	begun  bool       // the client has the beginning of an answer
	status int
	body   []byte // of an error answer
}

func (g *fetching) policy() *dataplane.Policy {
	if g.ID.Group == nil {
		return g.ID.Provider.Policy
	}
	for _, m := range g.ID.Group.Members {
		if m.Provider == g.ID.Provider {
			return m.Policy
		}
	}
	return g.ID.Provider.Policy
}

func (g *fetching) run(ctx context.Context) dataplane.Verdict {
	if g.See != nil && g.HTTP.Method == http.MethodDelete {
		if v, over := g.isOver(ctx); !over {
			return v
		}
	}
	up, v := g.acquire()
	if up == nil {
		return v
	}
	defer up.Release()
	resp, src, v := g.send(ctx, up)
	if resp == nil {
		return v
	}
	defer resp.Body.Close()
	if src == nil {
		return v
	}
	if mediaType(resp.Header) == "text/event-stream" && resp.StatusCode == http.StatusOK {
		return g.stream(ctx, resp, src)
	}
	return g.plain(ctx, resp, src)
}

// acquire takes a place at the provider.
func (g *fetching) acquire() (Upstream, dataplane.Verdict) {
	p := g.ID.Provider
	up := g.engine.cfg.Upstream(p)
	if up == nil || !up.Acquire(p.MaxInFlight) {
		return nil, dataplane.Verdict{Outcome: dataplane.TargetBusy, Reason: "max_in_flight is met"}
	}
	return up, dataplane.Verdict{}
}

// send asks the provider, once more where the connection turned out to be stale. Without a response
// or its body the verdict says why.
func (g *fetching) send(ctx context.Context, up Upstream) (*http.Response, io.Reader, dataplane.Verdict) {
	g.clock.phase(dataplane.ResponseTimeout, g.policy().ResponseTimeout)
	g.cred = g.credential(ctx, up)
	var valid bool
	if g.token, valid = takeToken(g.ID.Provider, g.cred); !valid {
		return nil, nil, noToken
	}
	resp, err := g.roundTrip(ctx, up)
	// All of these requests may be repeated, so also when an answer breaks off in its head.
	if err != nil && ctx.Err() == nil && (isStale(err) || errors.Is(err, io.ErrUnexpectedEOF)) {
		up.DropIdle()
		resp, err = g.roundTrip(ctx, up)
	}
	if err != nil {
		return nil, nil, noAnswer(ctx, err)
	}
	g.status = resp.StatusCode
	src, err := decoded(resp)
	if err != nil {
		return resp, nil, dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}
	}
	return resp, src, dataplane.Verdict{}
}

func (g *fetching) roundTrip(ctx context.Context, up Upstream) (*http.Response, error) {
	r := g.request(ctx, up)
	if g.token != nil {
		if err := g.token.authorize(ctx, r, http.NoBody, g.engine.cfg.Now()); err != nil {
			return nil, err
		}
	}
	return up.Send(r, nil)
}

// credential is the one that made the response, else, should that be gone, the next in turn: it may
// be of the same account.
func (g *fetching) credential(ctx context.Context, up Upstream) *dataplane.Credential {
	if g.ID.Credential != nil || g.ID.Group == nil || len(g.ID.Group.Members) == 0 {
		return g.ID.Credential
	}
	c := candidate{Candidate: dataplane.Candidate{Member: g.ID.Group.Members[0]}, hedge: true}
	for _, m := range g.ID.Group.Members {
		if m.Provider == g.ID.Provider {
			c.Member = m
		}
	}
	c.pickCredential(ctx, up, g.engine.cfg.Health, nil)
	return c.credential
}

// request is what goes to the provider: the endpoint's own address with the id behind it.
func (g *fetching) request(ctx context.Context, up Upstream) *http.Request {
	r := up.NewRequest(ctx, g.ID.Provider, g.cred, fetchEndpoint, "")
	target := *r.URL
	target.Path = strings.TrimSuffix(target.Path, "/") + "/" + g.ID.Native
	if g.Action != "" {
		target.Path += "/" + g.Action
	}
	target.RawPath = ""
	if query := g.query().Encode(); query != "" {
		target.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+query, "&")
	}
	r.URL, r.Method = &target, g.HTTP.Method
	if r.Method != http.MethodPost {
		delete(r.Header, "Content-Type")
	}
	if len(g.Hops) > 0 {
		r.Header[dataplane.HopHeader] = g.Hops
	}
	return r
}

// parameters are those of queries that mean something to providers.
var parameters = [...]string{"include", "include[]", "include_obfuscation", "starting_after", "stream", "limit", "order", "after", "before"}

// query is what goes on of the client's query.
func (g *fetching) query() url.Values {
	out := url.Values{}
	if g.HTTP.URL.RawQuery == "" {
		return out
	}
	all := g.HTTP.URL.Query()
	for _, name := range parameters {
		if values := all[name]; len(values) > 0 && len(values) <= maxParameter {
			out[name] = values
		}
	}
	return out
}

// maxParameter bounds how often a parameter may be given.
const maxParameter = 32

// plain takes an answer that is not streamed. It must be JSON, and not larger than what is held.
func (g *fetching) plain(ctx context.Context, resp *http.Response, src io.Reader) dataplane.Verdict {
	claim := buffer.NewClaimAbove(&g.Share, firstHeld)
	lent, err := g.whole(resp, src, &claim)
	if err == nil && len(lent.B) == 0 && g.HTTP.Method == http.MethodDelete && resp.StatusCode/100 == 2 {
		lent.B = append(lent.B, `{"id":`+strconv.Quote(g.ID.Native)+`,"object":"response","deleted":true}`...)
	}
	defer func() {
		claim.Release()
		g.engine.cfg.Pool.Put(lent)
	}()
	doc := lent.B
	switch {
	case err != nil:
		return readVerdict(ctx, err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return g.refused(resp, doc)
	case !isObject(doc):
		return notAnObject
	}
	g.mask(doc)
	if g.See != nil && g.Action != "input_items" && g.HTTP.Method != http.MethodDelete {
		g.See(doc)
	}
	out := scan.Splice(doc, g.rename(doc, wire.FindResponseIDs(doc, true), 0)...)
	conn := connection{w: g.w, rc: http.NewResponseController(g.w), slow: g.engine.cfg.SlowClient}
	h := g.w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.FormatInt(out.Size(), 10)}
	g.answerHeaders(resp.Header)
	conn.allowWrite()
	g.begun = true
	g.w.WriteHeader(resp.StatusCode)
	if err := conn.writeSpliced(out); err != nil {
		return clientVerdict(err)
	}
	return dataplane.Verdict{Outcome: dataplane.OK}
}

// refused judges an error answer, and keeps it for the client.
func (g *fetching) refused(resp *http.Response, doc []byte) dataplane.Verdict {
	g.body = bytes.Clone(classify.Scrub(doc[:min(len(doc), maxErrorBody)], secretsOf(g.ID.Provider, g.token)))
	v := classify.Status(resp.StatusCode, resp.Header, g.body, "", g.engine.cfg.Now())
	if v.Foreign { // that it does not have a response is the answer here
		v = dataplane.Verdict{Outcome: dataplane.NotFound, Reason: v.Reason}
	}
	return v
}

var notAnObject = dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer is no JSON object"}

func isObject(doc []byte) bool { return scan.Valid(doc) && gjson.ParseBytes(doc).IsObject() }

// whole reads an answer to its end: up to 32 MiB, as far as there is room for it.
func (g *fetching) whole(resp *http.Response, src io.Reader, claim *buffer.Claim) (*buffer.Buffer, error) {
	lent, full, err := hold(src, resp.ContentLength, g.engine.cfg.Pool, claim)
	if err != nil || !full {
		return lent, err
	}
	a := answer{attempt: &attempt{call: &call{engine: g.engine}}, body: src}
	lent, v := a.holdLong(context.Background(), lent, claim)
	if v.Outcome != dataplane.OK {
		return lent, errBudget
	}
	return lent, nil
}

func (g *fetching) mask(b []byte) { echoesOf(g.ID.Provider, g.cred, g.token).Mask(b) }

// rename gives the edits that put the client's ids in place of the provider's.
func (g *fetching) rename(doc []byte, ids wire.ResponseIDs, offset int) (edits []scan.Edit) {
	add := func(at scan.Span, id string) {
		edits = append(edits, scan.Edit{At: scan.Span{Start: offset + at.Start, End: offset + at.End}, With: []byte(id)})
	}
	if string(doc[ids.ID.Start:ids.ID.End]) == g.ID.Native {
		add(ids.ID, g.Sent)
	}
	if ids.Previous.End > 0 {
		before := dataplane.ResponseID{Native: string(doc[ids.Previous.Start:ids.Previous.End]), Group: g.ID.Group, Provider: g.ID.Provider, Credential: g.ID.Credential}
		if id, ok := g.Snapshot.Wrap(g.Key, &before); ok {
			add(ids.Previous, id)
		}
	}
	if len(edits) == 2 && edits[1].At.Start < edits[0].At.Start {
		edits[0], edits[1] = edits[1], edits[0]
	}
	return edits
}

func (g *fetching) answerHeaders(upstream http.Header) {
	h := g.w.Header()
	h["X-Trunkline-Provider"] = []string{headerText(g.ID.Provider.Name)}
	if id := upstream.Get("X-Request-Id"); id != "" {
		h["X-Upstream-Request-Id"] = []string{id}
	}
}

// refuse tells the client why there is no answer: a refusal of the provider's own in its words,
// with the id as the client knows it.
func (g *fetching) refuse(v dataplane.Verdict) {
	rule := v.Outcome.Rule()
	text := bytes.ReplaceAll(g.body, []byte(g.ID.Native), []byte(g.Sent))
	final := finalError([]failure{{verdict: v, status: g.status, body: text}}, g.Errors, max(v.Wait, time.Second))
	if g.status == http.StatusNotFound || g.status == http.StatusConflict || g.status == http.StatusBadRequest {
		final = passThrough(failure{verdict: v, status: g.status, body: text}, g.Errors)
	}
	switch {
	case final.body != nil:
	case g.status == http.StatusNotFound:
		final.err.Message, final.err.Code = "Response with id '"+g.Sent+"' not found: the provider '"+g.ID.Provider.Name+"' does not have it, or keeps no responses.", "response_not_found"
	default:
		final.err.Message += " The response is stored at '" + g.ID.Provider.Name + "' alone."
		if final.err.Code == "" {
			final.err.Code = rule.Code
		}
	}
	g.answerHeaders(nil)
	final.write(g.w, final.bytes(g.Errors, g.CallID))
}

package engine

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// looked is how a stored response stands, as its provider says it.
type looked struct {
	standing []byte // nil: it did not say, and the verdict tells why
	gone     bool   // it has no such response
	verdict  dataplane.Verdict
	status   int    // of its answer; 0: there was none
	body     []byte // of an error answer
}

// Look asks a provider for a stored response, for the node itself: nil where it does not say, gone
// where it has none. It tells no more of it than standing does, and nothing of anybody's health.
func (e *Engine) Look(ctx context.Context, id dataplane.ResponseID, budget buffer.Budget) (standing []byte, gone bool) {
	hops, _ := e.cfg.Snapshot().Hops(http.Header{})
	e.own.Add(1)
	l := e.look(ctx, id, hops, budget)
	return l.standing, l.gone
}

func (e *Engine) look(ctx context.Context, id dataplane.ResponseID, hops []string, budget buffer.Budget) looked {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g := fetching{engine: e, Fetch: &Fetch{HTTP: &http.Request{Method: http.MethodGet, URL: &url.URL{}}, ID: id, Hops: hops}}
	g.clock.begin(cancel)
	defer g.clock.stop()
	up, v := g.acquire()
	if up == nil {
		return looked{verdict: v}
	}
	defer up.Release()
	resp, src, v := g.send(ctx, up)
	if resp == nil {
		return looked{verdict: v}
	}
	defer resp.Body.Close()
	if src == nil {
		return looked{verdict: v, status: g.status}
	}
	claim := buffer.NewClaimAbove(budget, firstHeld)
	lent, err := g.whole(resp, src, &claim)
	defer func() {
		claim.Release()
		e.cfg.Pool.Put(lent)
	}()
	l := looked{status: g.status, gone: g.status == http.StatusNotFound || g.status == http.StatusGone}
	switch {
	case err != nil:
		l.verdict = readVerdict(ctx, err)
	case g.status != http.StatusOK:
		l.verdict, l.body = g.refused(resp, lent.B), g.body
	default:
		if l.standing = standing(lent.B); l.standing == nil {
			l.verdict = notAnObject
		}
	}
	return l
}

// standing is what a response says of its end and of what it used; nil: it is no JSON object.
func standing(response []byte) []byte {
	if !isObject(response) {
		return nil
	}
	out := []byte{'{'}
	for _, name := range [...]string{"status", "usage", "service_tier"} {
		if v := gjson.GetBytes(response, name); v.Exists() {
			out = append(out, `"`+name+`":`+v.Raw+`,`...)
		}
	}
	return append(bytes.TrimSuffix(out, []byte{','}), '}')
}

// isOver looks how a response in the background stands that is to be deleted, and shows it to who
// wants to see: once it is deleted, nobody tells any more what it used. One that is not over, or of
// which that is not known, stays, and the client is told why.
func (g *fetching) isOver(ctx context.Context) (v dataplane.Verdict, over bool) {
	l := g.engine.look(ctx, g.ID, g.Hops, &g.Share)
	switch {
	case l.gone:
		return v, true // the provider says so itself
	case l.standing == nil:
		g.status, g.body = l.status, l.body
		return l.verdict, false
	case g.See(l.standing):
		return v, true
	}
	g.begun = true
	refusal := final{status: http.StatusConflict, permanent: true, err: wire.Error{
		Message: "The response has not ended: what it uses is told at its end alone. Cancel it first (POST /v1/responses/{id}/cancel), then delete it.",
		Type:    wire.InvalidRequest, Code: "response_not_ended",
	}}
	refusal.write(g.w, refusal.bytes(g.Errors, g.CallID))
	return dataplane.Verdict{Outcome: dataplane.InvalidRequest}, false
}

// goesOn reports whether a response has not ended.
func goesOn(response []byte) bool {
	status := gjson.GetBytes(response, "status").Str
	return status == "queued" || status == "in_progress"
}

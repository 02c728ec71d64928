package engine

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/scan"
)

// maxLooked is how much of a response is read to see how it stands.
const maxLooked = 8 << 20

// Look asks a provider for a stored response, for the node itself: nil where it does not say, gone
// where it has none. It says nothing of anybody's health.
func (e *Engine) Look(ctx context.Context, id dataplane.ResponseID) (response []byte, gone bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hops, _ := e.cfg.Snapshot().Hops(http.Header{})
	g := fetching{engine: e, Fetch: &Fetch{HTTP: &http.Request{Method: http.MethodGet, URL: &url.URL{}}, ID: id, Hops: hops}}
	g.clock.begin(cancel)
	defer g.clock.stop()
	up, _ := g.acquire()
	if up == nil {
		return nil, false
	}
	defer up.Release()
	e.own.Add(1)
	resp, src, _ := g.send(ctx, up)
	if resp == nil {
		return nil, false
	}
	defer resp.Body.Close()
	if src == nil || resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone
	}
	text, err := io.ReadAll(io.LimitReader(src, maxLooked))
	if err != nil || len(text) < maxLooked && !scan.Valid(text) {
		return nil, false
	}
	return text, false
}

// goesOn reports whether a response has not ended.
func goesOn(response []byte) bool {
	status := gjson.GetBytes(response, "status").Str
	return status == "queued" || status == "in_progress"
}

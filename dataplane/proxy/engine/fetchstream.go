package engine

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// stream relays the events of a stored response as they come. One that ends early is cut: a client
// can go on behind the last event that it got with starting_after.
func (g *fetching) stream(ctx context.Context, resp *http.Response, src io.Reader) dataplane.Verdict {
	client := response{connection: connection{w: g.w, rc: http.NewResponseController(g.w), slow: g.engine.cfg.SlowClient}}
	events := sse.NewReader(src, nil, g.engine.cfg.Pool, &g.Share)
	defer events.Close()
	g.answerHeaders(resp.Header)
	g.begun = true
	client.keepAlive(g.engine.cfg.KeepAlive, true, comment)
	defer client.close()
	silence := max(g.policy().StreamIdleTimeout, g.policy().FirstTokenTimeoutMax)
	ended := false
	for {
		g.clock.phase(dataplane.StreamIdle, silence)
		err := events.Fill()
		for event := events.Next(); event != nil; event = events.Next() {
			g.mask(event)
			ended = g.see(event) || ended
			if err := client.send(g.renameEvent(event)); err != nil {
				return clientVerdict(err)
			}
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) && ended {
			return dataplane.Verdict{Outcome: dataplane.OK}
		}
		client.close()
		if o, ok := stopped(ctx); ok && o == dataplane.ClientClosed {
			return dataplane.Verdict{Outcome: o}
		}
		panic(http.ErrAbortHandler)
	}
}

// see looks whether an event is the last of a response, and shows it to who wants to see.
func (g *fetching) see(event []byte) (last bool) {
	data, ok := sse.Data(event)
	if !ok {
		return false
	}
	switch gjson.GetBytes(data, "type").Str {
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled", "error":
	default:
		return string(data) == string(sse.Done)
	}
	if r := gjson.GetBytes(data, "response"); r.IsObject() && g.See != nil {
		g.See([]byte(r.Raw))
	}
	return true
}

func (g *fetching) renameEvent(event []byte) scan.Spliced {
	whole, data, at := wire.ResponseEvent(event)
	if data == nil {
		return scan.Splice(event)
	}
	return scan.Splice(whole, g.rename(data, wire.FindResponseIDsIn(data, true), at)...)
}

// send writes a whole event of a stream.
func (r *response) send(event scan.Spliced) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sendHeaders()
	parts := event.Reader()
	for part := parts.Next(maxHeld); part != nil && r.err == nil; part = parts.Next(maxHeld) {
		r.write(part)
	}
	return r.err
}

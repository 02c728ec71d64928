package engine

import (
	"bytes"
	"context"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// noUsage remembers which targets do not take stream_options: they are not asked for a usage
// chunk for a while. Only a stream that worked without it proves that, since a caller can make
// an error name anything.
type noUsage = learned[dataplane.Scope]

// streamUsage reports whether a target may be asked for a usage chunk.
func (e *Engine) streamUsage(t *dataplane.Target) bool {
	_, refused := e.noUsage.until(t.Scope, e.cfg.Now())
	return !refused
}

// UsageRefused is how many targets are not asked for a usage chunk at present.
func (e *Engine) UsageRefused() int { return e.noUsage.count(e.cfg.Now()) }

// refusedStreamUsage recognises an upstream that may not know stream_options.
func (a *attempt) refusedStreamUsage(v dataplane.Verdict) bool {
	return a.wantUsage && (v.Outcome == dataplane.BadRequest || v.Outcome == dataplane.Unsupported) &&
		(bytes.Contains(a.errorBody, []byte("stream_options")) || bytes.Contains(a.errorBody, []byte("include_usage")))
}

// withoutUsage sends the request again without asking for a usage chunk, and remembers that
// the target does not take that if it answers now.
func (a *attempt) withoutUsage(ctx context.Context) (v dataplane.Verdict, answered bool) {
	a.noUsage = true
	v, answered = a.exchange(ctx)
	if e := a.call.engine; answered && a.reported && e.noUsage.add(a.Scope, e.cfg.Now()) {
		e.cfg.Logger.Warn("a target does not take stream_options: its streams are not asked for usage for a while",
			"provider", a.Provider.Name, "model", a.Model, "for", remembered)
	}
	return v, answered
}

package engine

import (
	"bytes"
	"context"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
)

// streamUsage reports whether a target may be asked for a usage chunk: not for a while after a stream of
// it worked without only.
func (e *Engine) streamUsage(t *dataplane.Target) bool {
	if e.learned.NoUsage.None() {
		return true
	}
	_, refused := e.learned.NoUsage.Until(t.Scope, e.cfg.Now())
	return !refused
}

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
	if e := a.call.engine; answered && a.reported && e.learned.NoUsage.Add(a.Scope, e.cfg.Now()) {
		e.cfg.Logger.Warn("a target rejects stream_options; its streams are requested without usage for a while",
			"provider", a.Provider.Name, "model", a.Model, "for", learned.Remembered)
	}
	return v, answered
}

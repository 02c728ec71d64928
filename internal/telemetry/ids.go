package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Calls are recorded when they are over, but their ids are known from their start: upstreams and
// call records get them. So ids and the decision to record can come with the context.

type givenKey struct{}

type given struct {
	trace trace.TraceID
	span  trace.SpanID
}

// WithIDs gives the next span of ctx its ids, and has it recorded.
func WithIDs(ctx context.Context, t trace.TraceID, s trace.SpanID) context.Context {
	return context.WithValue(ctx, givenKey{}, given{t, s})
}

// ids makes ids, unless they are given.
type ids struct{}

// NewIDs makes those of a trace that begins.
func (ids) NewIDs(ctx context.Context) (t trace.TraceID, s trace.SpanID) {
	if g, ok := ctx.Value(givenKey{}).(given); ok {
		return g.trace, g.span
	}
	binary.BigEndian.PutUint64(t[:8], rand.Uint64())
	binary.BigEndian.PutUint64(t[8:], max(rand.Uint64(), 1))
	return t, randomSpan()
}

// NewSpanID makes that of a span in a trace.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if g, ok := ctx.Value(givenKey{}).(given); ok {
		return g.span
	}
	return randomSpan()
}

func randomSpan() (s trace.SpanID) {
	binary.BigEndian.PutUint64(s[:], max(rand.Uint64(), 1))
	return s
}

// decided is a sampler that keeps to what was decided when the ids were given.
type decided struct{ sdktrace.Sampler }

// ShouldSample says whether a span is recorded.
func (d decided) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if _, ok := p.ParentContext.Value(givenKey{}).(given); ok {
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
	}
	return d.Sampler.ShouldSample(p)
}

// Samples decides whether a trace is recorded that begins here, or goes on from parent if that is
// valid.
func (t *Telemetry) Samples(id trace.TraceID, parent trace.SpanContext) bool {
	ctx := context.Background()
	if parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	result := t.sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: ctx, TraceID: id, Kind: trace.SpanKindServer})
	return result.Decision == sdktrace.RecordAndSample
}

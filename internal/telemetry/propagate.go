package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceParent is the header of W3C Trace Context, and how traces cross the node link.
const traceParent = "traceparent"

// ParentOf is what the span of ctx is called by others; empty: there is none.
func ParentOf(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceParent]
}

// Under gives ctx the span of another process as its parent. One that is not valid is as if it had
// not been given; ok tells.
func Under(ctx context.Context, parent string) (_ context.Context, ok bool) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParent: parent})
	return ctx, trace.SpanContextFromContext(ctx).IsValid()
}

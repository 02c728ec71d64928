package adminapi

import (
	"context"

	"connectrpc.com/connect/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// tracing makes a span of each request whose caller is known. What it changes carries the trace on
// to the nodes.
type tracing struct {
	tracer trace.Tracer
	// follows says whether the caller's word on the trace that it is part of is taken.
	follows bool
}

func (t *tracing) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if info, ok := connect.CallInfoForServerContext(ctx); ok && t.follows {
			if parents := info.RequestHeader().Values("Traceparent"); len(parents) == 1 {
				ctx, _ = telemetry.Under(ctx, parents[0])
			}
		}
		ctx, span := t.tracer.Start(ctx, spec.Procedure[1:], trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("rpc.system.name", "connectrpc"), attribute.String("rpc.method", spec.Procedure[1:])))
		defer span.End()
		err := next(ctx, spec, stream)
		if code := errs.CodeOf(err); err != nil {
			span.SetAttributes(attribute.String("error.type", string(code)))
			if code == errs.Internal || code == errs.Unavailable {
				span.SetStatus(codes.Error, string(code)) // never the error's text: it may quote what was sent
			}
		}
		return err
	}
}

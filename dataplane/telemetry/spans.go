package telemetry

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// spans makes those of a call: a server span, and below it a client span for each attempt.
func (c *Calls) spans(operation string, call *dataplane.Call) {
	ctx := context.Background()
	if call.Trace.Parent != (dataplane.SpanID{}) {
		ctx = trace.ContextWithRemoteSpanContext(ctx, clients(&call.Trace))
	}
	ctx = telemetry.WithIDs(ctx, trace.TraceID(call.Trace.ID), trace.SpanID(call.Trace.Span))
	ctx, span := c.tracer.Start(ctx, spanName(operation, call.Group, call.Model), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(call.Start), trace.WithAttributes(c.ofCall(operation, call)...))
	for i := range call.Skipped {
		s := &call.Skipped[i]
		span.AddEvent("trunkline.skipped", trace.WithTimestamp(call.Start), trace.WithAttributes(
			ourProvider.String(s.Provider), requestModel.String(s.Model), skippedReason.String(s.Reason.String())))
	}
	for i := range call.Attempts {
		c.attempt(ctx, operation, call, &call.Attempts[i])
	}
	if call.Outcome != dataplane.OK && (call.Status >= http.StatusInternalServerError || call.Status < http.StatusBadRequest) {
		span.SetStatus(codes.Error, call.Outcome.String()) // a client's own mistake is no error of the server
	}
	span.End(trace.WithTimestamp(call.Start.Add(call.Duration)))
}

// spanName never has a model that is only in a client's request: names are to be few.
func spanName(operation, group, model string) string {
	if group == "" {
		return operation
	}
	return operation + " " + model
}

func (c *Calls) ofCall(operation string, call *dataplane.Call) []attribute.KeyValue {
	all := []attribute.KeyValue{
		operationName.String(operation), requestStream.Bool(call.Stream),
		httpMethod.String(http.MethodPost), httpRoute.String(call.Endpoint), httpStatus.Int(call.Status),
		callID.String(call.ID), outcomeName.String(call.Outcome.String()), attemptCount.Int(len(call.Attempts)),
	}
	if call.Group != "" { // else the model is a stranger's text
		all = append(all, requestModel.String(call.Model), groupName.String(call.Group))
	}
	if call.Provider != "" {
		all = append(all, c.place(call.Provider)[0], ourProvider.String(call.Provider))
	}
	all = answeredBy(all, call.AnsweredModel)
	if call.Outcome != dataplane.OK {
		all = append(all, errorType.String(call.Outcome.String()))
	}
	if call.Stream && call.FirstToken > 0 {
		all = append(all, firstChunk.Float64(call.FirstToken.Seconds()))
	}
	return append(all, ofUsage(&call.Usage, call.Cost)...)
}

// attempt makes the span of one try, in the context of its call.
func (c *Calls) attempt(ctx context.Context, operation string, call *dataplane.Call, a *dataplane.Attempt) {
	start := call.Start.Add(a.StartOffset)
	all := append([]attribute.KeyValue{
		operationName.String(operation), requestModel.String(a.Model), requestStream.Bool(call.Stream),
		ourProvider.String(a.Provider), outcomeName.String(a.Outcome.String()),
	}, c.place(a.Provider)...)
	if a.Status != 0 {
		all = append(all, httpStatus.Int(a.Status))
	}
	if a.Outcome != dataplane.OK {
		all = append(all, errorType.String(a.Outcome.String()), blamed.String(a.Blame))
	}
	if a.Retry {
		all = append(all, isRetry.Bool(true))
	}
	if a.LastResort {
		all = append(all, isLastResort.Bool(true))
	}
	if call.Stream && a.FirstFrame > 0 {
		all = append(all, firstChunk.Float64(a.FirstFrame.Seconds()))
	}
	all = answeredBy(all, a.Answered)
	all = append(all, ofUsage(&a.Usage, a.Cost)...)
	ctx = telemetry.WithIDs(ctx, trace.TraceID(call.Trace.ID), trace.SpanID(a.Span))
	_, span := c.tracer.Start(ctx, operation+" "+a.Model, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(start), trace.WithAttributes(all...))
	if a.Outcome != dataplane.OK {
		span.SetStatus(codes.Error, a.Outcome.String())
	}
	span.End(trace.WithTimestamp(start.Add(max(a.Duration, time.Nanosecond))))
}

// answeredBy adds the model that the provider says it answered with, if it says so. Measurements do not
// have it: a provider's text would make as many series as it likes.
func answeredBy(all []attribute.KeyValue, model string) []attribute.KeyValue {
	if model == "" {
		return all
	}
	return append(all, responseModel.String(model))
}

// ofUsage are the attributes of what was used, as far as anything was.
func ofUsage(u *dataplane.Usage, cost dataplane.PicoUSD) (all []attribute.KeyValue) {
	for _, n := range [...]struct {
		key   attribute.Key
		value int64
	}{
		{inputTokens, u.Input}, {outputTokens, u.Output}, {cacheReadTokens, u.CachedInput}, {cacheWriteTokens, u.CacheWrite}, {reasoningTokens, u.Reasoning},
		{audioInputTokens, u.AudioInput}, {audioOutputTokens, u.AudioOutput}, {audioCacheReadTokens, u.CachedAudio},
		{imageInputTokens, u.ImageInput}, {imageOutputTokens, u.ImageOutput}, {imageCacheReadTokens, u.CachedImage},
	} {
		if n.value > 0 {
			all = append(all, n.key.Int64(n.value))
		}
	}
	if cost > 0 {
		all = append(all, costUSD.Float64(float64(cost)/1e12))
	}
	return all
}

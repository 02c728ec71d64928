// Package telemetry tells an OpenTelemetry receiver of finished calls: a span for each call and one
// for each of its attempts, and the measurements of the GenAI conventions. It works from call
// records alone, when a call is over, and knows nothing of prompts, answers and keys.
package telemetry

import (
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// scope names who made a span or a measurement.
const scope = "github.com/trunkline-ai/trunkline/dataplane"

// Calls takes finished calls. It is safe for concurrent use and never waits.
type Calls struct {
	to         *telemetry.Telemetry
	tracer     trace.Tracer
	meter      *meter
	operations map[string]string // by the endpoint as calls record it
	places     atomic.Pointer[map[string]place]
}

// NewCalls returns nil when telemetry is off.
func NewCalls(to *telemetry.Telemetry) (*Calls, error) {
	if !to.Tracing() && !to.Metering() {
		return nil, nil
	}
	c := &Calls{to: to, tracer: to.Tracer(scope), operations: map[string]string{}}
	for _, e := range api.Endpoints {
		c.operations[e.Route] = e.Operation
	}
	c.places.Store(&map[string]place{})
	if to.Metering() {
		var err error
		if c.meter, err = newMeter(to.Meter(scope), to.OldNames()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Begin gives a call its place in a trace: that which the client's headers name, or a new one. It
// is nil where calls are not traced.
func (c *Calls) Begin() func(http.Header) dataplane.Trace {
	if c == nil || !c.to.Tracing() {
		return nil
	}
	return func(h http.Header) (t dataplane.Trace) {
		var parent trace.SpanContext
		if c.to.Propagates() {
			t, _ = dataplane.ParseTrace(h[dataplane.TraceParentHeader], h[dataplane.TraceStateHeader])
		}
		if t.ID == (dataplane.TraceID{}) {
			t.ID = dataplane.NewTraceID()
		} else {
			parent = clients(&t)
		}
		t.Span = dataplane.NewSpanID()
		t.Sampled = c.to.Samples(trace.TraceID(t.ID), parent)
		return t
	}
}

// clients is the client's span.
func clients(t *dataplane.Trace) trace.SpanContext {
	cfg := trace.SpanContextConfig{TraceID: trace.TraceID(t.ID), SpanID: trace.SpanID(t.Parent), Remote: true}
	if t.Sampled {
		cfg.TraceFlags = trace.FlagsSampled
	}
	cfg.TraceState, _ = trace.ParseTraceState(t.State) // one that the library does not take is left out of spans
	return trace.NewSpanContext(cfg)
}

// Use takes the addresses of a configuration's providers.
func (c *Calls) Use(s *dataplane.Snapshot) {
	if c == nil {
		return
	}
	places := make(map[string]place, len(s.Providers))
	for name, p := range s.Providers {
		places[name] = placeOf(p)
	}
	c.places.Store(&places)
}

// place is that of a provider; of one that is no longer there only the name.
func (c *Calls) place(provider string) place {
	if at, ok := (*c.places.Load())[provider]; ok {
		return at
	}
	return place{providerName.String(provider)}
}

// Observe takes a finished call.
func (c *Calls) Observe(call *dataplane.Call) {
	if c == nil {
		return
	}
	operation := c.operations[call.Endpoint]
	if c.meter != nil {
		for i := range call.Attempts {
			c.meter.attempt(operation, c.place(call.Attempts[i].Provider), call.Stream, &call.Attempts[i])
		}
	}
	if call.Trace.Sampled && call.Trace.Span != (dataplane.SpanID{}) {
		c.spans(operation, call)
	}
}

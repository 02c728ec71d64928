// Package telemetry sends traces and metrics to an OpenTelemetry receiver, by OTLP. It is
// configured by OpenTelemetry's own variables (OTEL_*) and by nothing else, and off unless they
// name a receiver. What is sent waits in bounded queues: a receiver that is slow or dead costs
// telemetry, and nothing else.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// maxSeries bounds the series of each instrument; what comes beyond them is counted in one that
// has the attribute otel.metric.overflow.
const maxSeries = 2000

// Config says who sends.
type Config struct {
	Service  string // the program's name; OTEL_SERVICE_NAME takes its place
	Instance string // tells it from others of its kind
	Version  string
	Logger   *slog.Logger // required
}

// Telemetry is where spans and measurements go. A nil one is off: its methods do nothing.
type Telemetry struct {
	env     environment
	sampler sdktrace.Sampler
	traces  *sdktrace.TracerProvider // nil: none are sent
	metrics *sdkmetric.MeterProvider // nil: none are sent
}

// New reads the environment. It gives nil when that names no receiver, and an error for values that
// do not exist: a typo must not be found weeks later by what is missing. It waits for nobody.
func New(ctx context.Context, cfg Config) (*Telemetry, error) {
	env, err := readEnvironment()
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	if !env.traces.on && !env.metrics.on {
		return nil, nil
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", cfg.Service), attribute.String("service.version", cfg.Version),
			attribute.String("service.instance.id", cfg.Instance),
		),
		resource.WithTelemetrySDK(), resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("telemetry: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{env: env, sampler: env.sampler}
	if env.traces.on {
		exporter, err := spanExporter(ctx, env.traces.protocol)
		if err != nil {
			return nil, fmt.Errorf("telemetry: traces: %w", err)
		}
		t.traces = sdktrace.NewTracerProvider(
			sdktrace.WithResource(about), sdktrace.WithSampler(decided{env.sampler}), sdktrace.WithIDGenerator(ids{}),
			sdktrace.WithBatcher(spans{exporter, newDelivery("traces", cfg.Logger)}),
		)
	}
	if env.metrics.on {
		exporter, err := metricExporter(ctx, env.metrics.protocol)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("telemetry: metrics: %w", err), t.shutdown(ctx))
		}
		t.metrics = sdkmetric.NewMeterProvider(
			sdkmetric.WithResource(about), sdkmetric.WithCardinalityLimit(maxSeries),
			sdkmetric.WithReader(sdkmetric.NewPeriodicReader(measurements{exporter, newDelivery("metrics", cfg.Logger)})),
		)
	}
	cfg.Logger.Info("telemetry enabled", "traces", env.traces.on, "metrics", env.metrics.on)
	return t, nil
}

// Tracing reports whether spans are sent.
func (t *Telemetry) Tracing() bool { return t != nil && t.traces != nil }

// Tracer makes spans; ones that cost nothing where none are sent.
func (t *Telemetry) Tracer(name string) trace.Tracer {
	if !t.Tracing() {
		return tracenoop.NewTracerProvider().Tracer(name)
	}
	return t.traces.Tracer(name)
}

// Metering reports whether measurements are sent.
func (t *Telemetry) Metering() bool { return t != nil && t.metrics != nil }

// Meter makes instruments.
func (t *Telemetry) Meter(name string) metric.Meter {
	if !t.Metering() {
		return metricnoop.NewMeterProvider().Meter(name)
	}
	return t.metrics.Meter(name)
}

// OldNames reports whether measurements are to be sent under the names of earlier conventions too.
func (t *Telemetry) OldNames() bool { return t != nil && t.env.oldNames }

// Propagates reports whether the word of clients on which trace a request is part of is taken.
func (t *Telemetry) Propagates() bool { return t.Tracing() && t.env.propagates }

// Flush sends what waits.
func (t *Telemetry) Flush(ctx context.Context) error {
	var errs []error
	if t.Tracing() {
		errs = append(errs, t.traces.ForceFlush(ctx))
	}
	if t.Metering() {
		errs = append(errs, t.metrics.ForceFlush(ctx))
	}
	return errors.Join(errs...)
}

// endTime bounds how long a receiver may take what waits at the end of a process.
const endTime = 5 * time.Second

// End sends what waits, for at most 5 s, at the end of the process.
func (t *Telemetry) End(log *slog.Logger) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if err := t.shutdown(ctx); err != nil {
		log.Warn("some telemetry was not exported before exit", "error", err)
	}
}

func (t *Telemetry) shutdown(ctx context.Context) error {
	var errs []error
	if t.Tracing() {
		errs = append(errs, t.traces.Shutdown(ctx))
	}
	if t.Metering() {
		errs = append(errs, t.metrics.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

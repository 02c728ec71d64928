package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The exporters connect when they have something to send.

func spanExporter(ctx context.Context, protocol string) (sdktrace.SpanExporter, error) {
	if protocol == protocolGRPC {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

func metricExporter(ctx context.Context, protocol string) (sdkmetric.Exporter, error) {
	if protocol == protocolGRPC {
		return otlpmetricgrpc.New(ctx)
	}
	return otlpmetrichttp.New(ctx)
}

// spans is an exporter whose failures are told here, and not by the SDK with each batch.
type spans struct {
	sdktrace.SpanExporter
	delivery *delivery
}

// ExportSpans sends a batch.
func (s spans) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	s.delivery.note(s.SpanExporter.ExportSpans(ctx, batch), len(batch))
	return nil
}

// measurements is the same for metrics.
type measurements struct {
	sdkmetric.Exporter
	delivery *delivery
}

// Export sends what the instruments have.
func (m measurements) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	m.delivery.note(m.Exporter.Export(ctx, all), 1)
	return nil
}

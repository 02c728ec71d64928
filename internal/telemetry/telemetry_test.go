package telemetry

import (
	"bytes"
	"encoding/hex"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/internal/testenv/otlp"
)

// setenv makes the environment one with these OTEL_ variables and no others. Tests that use it
// are not parallel.
func setenv(t *testing.T, pairs ...string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

func made(t *testing.T, log *slog.Logger) *Telemetry {
	t.Helper()
	sends, err := New(t.Context(), Config{Service: "program", Instance: "one", Version: "v1", Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	return sends
}

var quiet = slog.New(slog.DiscardHandler)

func TestOffUnlessAReceiverIsNamed(t *testing.T) {
	for name, pairs := range map[string][]string{
		"nothing":              nil,
		"a protocol":           {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_SERVICE_NAME=x"},
		"the SDK is off":       {"OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		"no exporter":          {"OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		"empty variables":      {"OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_TRACES_EXPORTER="},
		"one for logs, no use": {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://127.0.0.1:1"},
	} {
		setenv(t, pairs...)
		sends := made(t, quiet)
		if sends != nil {
			t.Errorf("%s: on", name)
		}
		if sends.Tracing() || sends.Metering() || sends.Propagates() || sends.OldNames() || sends.Flush(t.Context()) != nil {
			t.Errorf("%s: does something", name)
		}
		_, span := sends.Tracer("x").Start(t.Context(), "x")
		if span.IsRecording() {
			t.Errorf("%s: records", name)
		}
		sends.End(quiet)
	}
}

func TestValuesThatDoNotExistAreRefused(t *testing.T) {
	const on = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	for _, pair := range []string{
		"OTEL_SDK_DISABLED=maybe", "OTEL_TRACES_EXPORTER=zipkin", "OTEL_METRICS_EXPORTER=prometheus", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=udp", "OTEL_TRACES_SAMPLER=often", "OTEL_TRACES_SAMPLER=parentbased_", "OTEL_PROPAGATORS=b3",
	} {
		setenv(t, on, pair)
		if _, err := New(t.Context(), Config{Logger: quiet}); err == nil || !strings.Contains(err.Error(), strings.Split(pair, "=")[0][:10]) {
			t.Errorf("%s: %v", pair, err)
		}
	}
	for _, ratio := range []string{"1.1", "-0.1", "NaN", "half"} {
		setenv(t, on, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG="+ratio)
		if _, err := New(t.Context(), Config{Logger: quiet}); err == nil {
			t.Errorf("ratio %s was taken", ratio)
		}
	}
}

func TestBothProtocolsDeliver(t *testing.T) {
	receiver := otlp.Start(t)
	for protocol, endpoint := range map[string]string{"grpc": receiver.GRPC, "http/protobuf": receiver.HTTP} {
		name := "span over " + protocol
		setenv(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL="+protocol, "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test")
		sends := made(t, quiet)
		_, span := sends.Tracer("x").Start(t.Context(), name)
		span.SetAttributes(attribute.Int("n", 7))
		span.End()
		counter, err := sends.Meter("x").Int64Counter("counter." + strings.ReplaceAll(protocol, "/", "."))
		if err != nil {
			t.Fatal(err)
		}
		counter.Add(t.Context(), 3)
		if err := sends.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := receiver.Named(t, "", name, 1)[0]
		if got.Service != "program" || otlp.Attributes(got.GetAttributes())["n"] != "7" {
			t.Errorf("%s: %v", protocol, got)
		}
		if m := receiver.Metrics("counter." + strings.ReplaceAll(protocol, "/", ".")); len(m) != 1 || m[0].GetSum().GetDataPoints()[0].GetAsInt() != 3 {
			t.Errorf("%s: %v", protocol, m)
		}
		sends.End(quiet)
	}
}

func TestSampling(t *testing.T) {
	parent := func(flags trace.TraceFlags) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, Remote: true})
	}
	low, high := trace.TraceID{15: 1}, trace.TraceID{8: 0xff, 9: 0xff, 15: 1}
	for _, tt := range []struct {
		sampler, arg                          string
		low, high, withSampled, withUnsampled bool
	}{
		{"", "", true, true, true, false},
		{"always_on", "", true, true, true, true},
		{"always_off", "", false, false, false, false},
		{"traceidratio", "0.5", true, false, true, true},
		{"traceidratio", "0", false, false, false, false},
		{"traceidratio", "", true, true, true, true},
		{"parentbased_traceidratio", "0.5", true, false, true, false},
		{"parentbased_always_off", "", false, false, true, false},
	} {
		setenv(t, "OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER="+tt.sampler, "OTEL_TRACES_SAMPLER_ARG="+tt.arg)
		sends := made(t, quiet)
		got := [4]bool{
			sends.Samples(low, trace.SpanContext{}), sends.Samples(high, trace.SpanContext{}),
			sends.Samples(low, parent(trace.FlagsSampled)), sends.Samples(low, parent(0)),
		}
		if want := [4]bool{tt.low, tt.high, tt.withSampled, tt.withUnsampled}; got != want {
			t.Errorf("%s %s: %v, want %v", tt.sampler, tt.arg, got, want)
		}
		sends.End(quiet)
	}
}

// Ids that were given are used, and what they were given for is recorded whatever the sampler says.
func TestGivenIDs(t *testing.T) {
	receiver := otlp.Start(t)
	setenv(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+receiver.GRPC, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_SAMPLER=always_off")
	sends := made(t, quiet)
	defer sends.End(quiet)
	id := trace.TraceID{1, 2, 3}
	ctx, outer := sends.Tracer("x").Start(WithIDs(t.Context(), id, trace.SpanID{4}), "outer")
	_, inner := sends.Tracer("x").Start(WithIDs(ctx, id, trace.SpanID{5}), "inner")
	inner.End()
	outer.End()
	if err := sends.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := receiver.Named(t, hex.EncodeToString(id[:]), "inner", 1)[0]
	out := receiver.Named(t, hex.EncodeToString(id[:]), "outer", 1)[0]
	if !bytes.Equal(in.GetSpanId(), []byte{5, 0, 0, 0, 0, 0, 0, 0}) || !bytes.Equal(in.GetParentSpanId(), out.GetSpanId()) || len(out.GetParentSpanId()) != 0 {
		t.Errorf("%v\n%v", in, out)
	}
}

// A receiver that is dead, or takes connections and says nothing, costs no memory beyond the
// queue, holds nobody up, and is told of once.
func TestADeadReceiverCostsNothing(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	setenv(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+silent.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
		"OTEL_EXPORTER_OTLP_TIMEOUT=50", "OTEL_BSP_SCHEDULE_DELAY=1", "OTEL_BSP_EXPORT_TIMEOUT=50")
	var log bytes.Buffer
	sends := made(t, slog.New(slog.NewTextHandler(&log, nil)))
	tracer, ctx := sends.Tracer("x"), t.Context()
	const many = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range many {
		_, span := tracer.Start(ctx, "lost")
		span.End()
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d spans in %s, %s each", many, took, took/many)
	if took > 30*time.Second {
		t.Errorf("%d spans took %s: somebody waits", many, took)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("%d bytes are held of what cannot be sent", grown)
	}
	sends.End(quiet)
	if n := strings.Count(log.String(), "failed to export telemetry"); n < 1 || n > 2 { // one for each signal
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

func TestDeliveryTellsOfTransitionsOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := newDelivery("traces", slog.New(slog.NewTextHandler(&log, nil)))
	for _, err := range []error{nil, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, nil, nil, os.ErrDeadlineExceeded} {
		d.note(err, 5)
	}
	if got := strings.Count(log.String(), "\n"); got != 3 || !strings.Contains(log.String(), "lost=10") {
		t.Errorf("%d lines:\n%s", got, log.String())
	}
}

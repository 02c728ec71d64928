// Package otlp is a real OTLP receiver for tests, over gRPC and HTTP, that keeps what it is sent.
// Only tests import it.
package otlp

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// patience bounds every wait.
const patience = 60 * time.Second

// Span is a span that came, with the service that sent it.
type Span struct {
	*trace.Span
	Service string
}

// series names a metric of one instance of a service.
type series struct{ instance, name string }

// Receiver keeps what it is sent.
type Receiver struct {
	GRPC string // http://host:port, as OTEL_EXPORTER_OTLP_ENDPOINT wants it
	HTTP string // likewise

	mu      sync.Mutex // guards the fields below
	spans   []Span
	metrics map[series]*metrics.Metric // the newest of each
	raw     []byte                     // all that came
	arrived chan struct{}              // closed and replaced with each arrival
}

// Start starts a receiver on two free ports of this machine.
func Start(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{metrics: map[series]*metrics.Metric{}, arrived: make(chan struct{})}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tracev1.RegisterTraceServiceServer(server, traces{r: r})
	metricsv1.RegisterMetricsServiceServer(server, measurements{r: r})
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(lis) }) // ends with Stop
	web := httptest.NewServer(r.handler())
	t.Cleanup(func() { web.Close(); server.Stop(); served.Wait() })
	r.GRPC, r.HTTP = "http://"+lis.Addr().String(), web.URL
	return r
}

type traces struct {
	tracev1.UnimplementedTraceServiceServer
	r *Receiver
}

func (s traces) Export(_ context.Context, in *tracev1.ExportTraceServiceRequest) (*tracev1.ExportTraceServiceResponse, error) {
	s.r.take(in, func() {
		for _, from := range in.GetResourceSpans() {
			service := Attributes(from.GetResource().GetAttributes())["service.name"]
			for _, scope := range from.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					s.r.spans = append(s.r.spans, Span{span, service})
				}
			}
		}
	})
	return &tracev1.ExportTraceServiceResponse{}, nil
}

type measurements struct {
	metricsv1.UnimplementedMetricsServiceServer
	r *Receiver
}

func (s measurements) Export(_ context.Context, in *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	s.r.take(in, func() {
		for _, from := range in.GetResourceMetrics() {
			instance := Attributes(from.GetResource().GetAttributes())["service.instance.id"]
			for _, scope := range from.GetScopeMetrics() {
				for _, m := range scope.GetMetrics() {
					s.r.metrics[series{instance, m.GetName()}] = m
				}
			}
		}
	})
	return &metricsv1.ExportMetricsServiceResponse{}, nil
}

// take keeps a message.
func (r *Receiver) take(m proto.Message, keep func()) {
	raw, err := proto.Marshal(m)
	if err != nil {
		panic(err) // it has just been read
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, raw...)
	keep()
	close(r.arrived)
	r.arrived = make(chan struct{})
}

// handler is OTLP over HTTP with binary bodies.
func (r *Receiver) handler() http.Handler {
	mux := http.NewServeMux()
	handle(mux, "POST /v1/traces", &tracev1.ExportTraceServiceRequest{}, func(in *tracev1.ExportTraceServiceRequest) { _, _ = traces{r: r}.Export(context.Background(), in) })
	handle(mux, "POST /v1/metrics", &metricsv1.ExportMetricsServiceRequest{}, func(in *metricsv1.ExportMetricsServiceRequest) {
		_, _ = measurements{r: r}.Export(context.Background(), in)
	})
	return mux
}

func handle[T proto.Message](mux *http.ServeMux, pattern string, kind T, take func(T)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
		in := kind.ProtoReflect().New().Interface().(T)
		body, err := io.ReadAll(req.Body)
		if err != nil || proto.Unmarshal(body, in) != nil {
			http.Error(w, "no OTLP", http.StatusBadRequest)
			return
		}
		take(in)
		w.Header().Set("Content-Type", "application/x-protobuf")
	})
}

// Spans are all that came.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Metrics are the newest of a name, one from each instance that sent any.
func (r *Receiver) Metrics(name string) (all []*metrics.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for at, m := range r.metrics {
		if at.name == name {
			all = append(all, m)
		}
	}
	return all
}

// Raw is everything that came, as it was on the wire before compression.
func (r *Receiver) Raw() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]byte(nil), r.raw...)
}

// Await waits until something holds of what came.
func (r *Receiver) Await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		r.mu.Lock()
		arrived := r.arrived
		r.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-arrived:
		case <-deadline.C:
			t.Fatalf("never came: %s; spans: %v", what, r.names())
		}
	}
}

func (r *Receiver) names() (all []string) {
	for _, s := range r.Spans() {
		all = append(all, s.Service+": "+s.GetName())
	}
	return all
}

// Named waits for spans of a name in a trace, and gives them when there are n.
func (r *Receiver) Named(t testing.TB, traceID, name string, n int) []Span {
	t.Helper()
	var found []Span
	r.Await(t, strconv.Itoa(n)+" spans "+name, func() bool {
		found = nil
		for _, s := range r.Spans() {
			if s.GetName() == name && (traceID == "" || hex.EncodeToString(s.GetTraceId()) == traceID) {
				found = append(found, s)
			}
		}
		return len(found) >= n
	})
	return found
}

// Attributes gives values as text.
func Attributes(all []*common.KeyValue) map[string]string {
	out := make(map[string]string, len(all))
	for _, a := range all {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_BoolValue:
			out[a.GetKey()] = strconv.FormatBool(v.BoolValue)
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = strconv.FormatInt(v.IntValue, 10)
		case *common.AnyValue_DoubleValue:
			out[a.GetKey()] = strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
		}
	}
	return out
}

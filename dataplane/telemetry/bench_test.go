package telemetry

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	"log/slog"
)

func aCall() *dataplane.Call {
	return &dataplane.Call{
		ID: "id", Start: time.Now(), Endpoint: "/v1/chat/completions", Model: "g", Group: "g", Stream: true, Outcome: dataplane.OK, Status: http.StatusOK,
		Provider: "b", UpstreamModel: "m", Duration: time.Second, Usage: dataplane.Usage{Input: 7, Output: 5}, Cost: 25e10,
		Attempts: []dataplane.Attempt{
			{Provider: "a", Model: "m", Outcome: dataplane.RateLimited, Status: 429, Duration: time.Millisecond},
			{Provider: "b", Model: "m", Outcome: dataplane.OK, Status: 200, StartOffset: time.Millisecond, FirstFrame: 20 * time.Millisecond, Chunks: 30, Duration: time.Second, Usage: dataplane.Usage{Input: 7, Output: 5}, Cost: 25e10},
		},
	}
}

// Off costs nothing: no allocation, and no more time than a comparison with nil.
func TestOffAllocatesNothing(t *testing.T) {
	c, err := NewCalls(nil)
	if err != nil || c != nil || c.Begin() != nil {
		t.Fatalf("%v, %v: it is not off", c, err)
	}
	call := aCall()
	if got := testing.AllocsPerRun(100, func() { c.Observe(call) }); got > 0 {
		t.Errorf("%.1f allocations for each call", got)
	}
}

func BenchmarkObserveOff(b *testing.B) {
	var c *Calls
	call := aCall()
	b.ReportAllocs()
	for b.Loop() {
		c.Observe(call)
	}
}

// BenchmarkObserveOn is what a call with two attempts costs where spans and measurements are sent,
// or rather would be: the receiver is not there.
func BenchmarkObserveOn(b *testing.B) {
	b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	b.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
	sends, err := telemetry.New(context.Background(), telemetry.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	c, err := NewCalls(sends)
	if err != nil {
		b.Fatal(err)
	}
	u, _ := url.Parse("https://api.openai.com/v1")
	c.Use(&dataplane.Snapshot{Providers: map[string]*dataplane.Provider{"a": {Name: "a", BaseURL: u}, "b": {Name: "b", BaseURL: u}}})
	begin, header := c.Begin(), http.Header{}
	call := aCall()
	b.ReportAllocs()
	for b.Loop() {
		call.Trace = begin(header)
		for i := range call.Attempts {
			call.Attempts[i].Span = dataplane.NewSpanID()
		}
		c.Observe(call)
	}
}

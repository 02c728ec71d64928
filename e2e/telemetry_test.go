package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	measured "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/trunkline-ai/trunkline/internal/testenv/otlp"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	clientTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan   = "00f067aa0ba902b7"
	secretPrompt = "canary-prompt-of-the-trace"
)

// sending are the variables that make programs send what they have soon.
func sending(to string) []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + to, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_METRIC_EXPORT_INTERVAL=300",
		"OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai/dup",
	}
}

// A stream that fails over is one trace: the client's span, the call's below it, and an attempt for
// each provider that was tried.
func TestAFailedOverStreamIsOneTrace(t *testing.T) {
	t.Parallel()
	receiver := otlp.Start(t)
	s := distributedWith(t, sending(receiver.GRPC)...)
	ask := func(group, parent string) string {
		body := fmt.Sprintf(`{"model":%q,"stream":true,"messages":[{"role":"user","content":%q}]}`, group, secretPrompt)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.api+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+appKey)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Traceparent", parent)
		req.Header.Set("Tracestate", "vendor=1")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.HasSuffix(bytes.TrimSpace(answer), []byte("[DONE]")) {
			t.Fatalf("%d, %v: %s", resp.StatusCode, err, answer)
		}
		return resp.Header.Get("X-Request-Id")
	}
	id := ask("first-429", "00-"+clientTrace+"-"+clientSpan+"-01")
	call := receiver.Named(t, clientTrace, "chat first-429", 1)[0]
	refused := receiver.Named(t, clientTrace, "chat status-429-retry-after-30", 1)[0]
	good := receiver.Named(t, clientTrace, "chat ok", 1)[0]

	if hex.EncodeToString(call.GetParentSpanId()) != clientSpan || call.GetKind() != trace.Span_SPAN_KIND_SERVER || call.GetTraceState() != "vendor=1" {
		t.Errorf("the call's span: %v", call)
	}
	if call.GetStatus().GetCode() != trace.Status_STATUS_CODE_UNSET || call.Service != "trunkline-dataplane" {
		t.Errorf("the call's span has status %v, from %s", call.GetStatus(), call.Service)
	}
	for _, a := range []otlp.Span{refused, good} {
		if !bytes.Equal(a.GetParentSpanId(), call.GetSpanId()) || a.GetKind() != trace.Span_SPAN_KIND_CLIENT {
			t.Errorf("an attempt's span: %v", a)
		}
		if a.GetStartTimeUnixNano() < call.GetStartTimeUnixNano() || a.GetEndTimeUnixNano() > call.GetEndTimeUnixNano() {
			t.Errorf("the attempt %s is not within its call", a.GetName())
		}
	}
	if refused.GetStatus().GetCode() != trace.Status_STATUS_CODE_ERROR || good.GetStatus().GetCode() != trace.Status_STATUS_CODE_UNSET || good.GetStartTimeUnixNano() < refused.GetEndTimeUnixNano() {
		t.Errorf("statuses %v, %v", refused.GetStatus(), good.GetStatus())
	}
	has(t, call, map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "first-429", "gen_ai.response.model": "ok", "gen_ai.provider.name": "good",
		"gen_ai.request.stream": "true", "http.route": "/v1/chat/completions", "http.response.status_code": "200",
		"trunkline.call.id": id, "trunkline.outcome": "ok", "trunkline.attempts": "2", "error.type": "",
	})
	has(t, refused, map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "status-429-retry-after-30", "gen_ai.provider.name": "bad-429", "trunkline.provider": "bad-429",
		"error.type": "rate_limited", "http.response.status_code": "429", "server.address": "127.0.0.1", "gen_ai.usage.output_tokens": "", "gen_ai.response.model": "",
	})
	has(t, good, map[string]string{"gen_ai.request.model": "ok", "gen_ai.response.model": "ok", "error.type": "", "http.response.status_code": "200", "trunkline.provider": "good"})
	for _, key := range []string{"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.response.time_to_first_chunk", "trunkline.cost_usd", "server.port"} {
		if otlp.Attributes(good.GetAttributes())[key] == "" {
			t.Errorf("the good attempt has no %s: %v", key, otlp.Attributes(good.GetAttributes()))
		}
	}

	calls := adminv1connect.NewCallServiceClient(s.rpc())
	ofTrace := func(trace string) []*adminv1.Call {
		list, err := calls.ListCalls(t.Context(), &adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{TraceId: trace}})
		if err != nil {
			t.Fatal(err)
		}
		return list.GetCalls()
	}
	receiver.Await(t, "the call in the list of its trace", func() bool { return len(ofTrace(clientTrace)) == 1 })
	if found := ofTrace(clientTrace)[0]; found.GetId() != id || found.GetTraceId() != clientTrace {
		t.Errorf("the trace has the call %v", found)
	}
	if others := ofTrace(strings.Repeat("1", 32)); len(others) != 0 {
		t.Errorf("another trace has calls: %v", others)
	}

	// A traceparent that is not valid begins a trace of its own; one that is not sampled is not sent.
	ask("plain", "00-"+strings.ToUpper(clientTrace)+"-"+clientSpan+"-01")
	ask("first-html", "00-"+clientTrace[:31]+"f-"+clientSpan+"-00")
	own := receiver.Named(t, "", "chat plain", 1)[0]
	if len(own.GetParentSpanId()) != 0 || hex.EncodeToString(own.GetTraceId()) == clientTrace || own.GetTraceState() != "" {
		t.Errorf("the word of an invalid header was taken: %v", own)
	}

	points := func(name string) int { return seriesOf(receiver.Metrics(name)) }
	receiver.Await(t, "metrics", func() bool {
		return points("gen_ai.client.inference.duration") >= 3 && points("gen_ai.client.inference.usage.output_tokens") >= 1 && points("gen_ai.client.token.usage") >= 2
	})
	for _, name := range []string{
		"gen_ai.client.inference.time_to_first_chunk", "gen_ai.client.inference.time_per_output_chunk", "gen_ai.client.inference.usage.input_tokens",
		"gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.operation.time_per_output_chunk",
	} {
		if points(name) == 0 {
			t.Errorf("no measurement of %s came", name)
		}
	}
	duration := receiver.Metrics("gen_ai.client.inference.duration")[0]
	if bounds := duration.GetHistogram().GetDataPoints()[0].GetExplicitBounds(); duration.GetUnit() != "s" || bounds[len(bounds)-1] != 655.36 {
		t.Errorf("unit %s, buckets to %v", duration.GetUnit(), bounds)
	}
	for _, span := range receiver.Spans() {
		if strings.HasPrefix(span.GetName(), "chat first-html") {
			t.Errorf("a trace that the client does not sample was sent: %v", span)
		}
	}
	for _, n := range s.nodes {
		n.Stop()
	}
	s.plane.Stop()
	for _, secret := range []string{appKey, "up-secret", secretPrompt, joinToken, adminPassword} {
		if bytes.Contains(receiver.Raw(), []byte(secret)) {
			t.Errorf("the receiver got %s", secret)
		}
	}
}

// has compares attributes; empty: there is none.
func has(t *testing.T, span otlp.Span, want map[string]string) {
	t.Helper()
	got := otlp.Attributes(span.GetAttributes())
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s is %q, want %q", span.GetName(), key, got[key], value)
		}
	}
}

// seriesOf is how many series a metric has, of all instances together.
func seriesOf(all []*measured.Metric) (n int) {
	for _, m := range all {
		n += len(m.GetHistogram().GetDataPoints()) + len(m.GetSum().GetDataPoints())
	}
	return n
}

// A change is one trace: the request to the admin API, the snapshot it led to, and each node that
// took it.
func TestAChangeIsOneTrace(t *testing.T) {
	t.Parallel()
	receiver := otlp.Start(t)
	s := distributedWith(t, append(sending(receiver.GRPC), "TRUNKLINE_LOG_FORMAT=text")...)
	keywords := adminv1connect.NewKeywordServiceClient(s.rpc())
	const said = "canary-text-of-a-keyword"
	if _, err := keywords.CreateFailureKeyword(t.Context(), &adminv1.CreateFailureKeywordRequest{FailureKeyword: &adminv1.FailureKeyword{Name: "new", Keyword: said}}); err != nil {
		t.Fatal(err)
	}
	request := receiver.Named(t, "", "trunkline.admin.v1.KeywordService/CreateFailureKeyword", 1)[0]
	id := hex.EncodeToString(request.GetTraceId())
	build := receiver.Named(t, id, "build snapshot", 1)[0]
	applied := receiver.Named(t, id, "apply snapshot", 2)
	if request.GetKind() != trace.Span_SPAN_KIND_SERVER || request.Service != "trunkline-controlplane" || !bytes.Equal(build.GetParentSpanId(), request.GetSpanId()) {
		t.Errorf("%v\n%v", request, build)
	}
	nodes := map[string]bool{}
	for _, span := range applied {
		if !bytes.Equal(span.GetParentSpanId(), build.GetSpanId()) || span.Service != "trunkline-dataplane" {
			t.Errorf("%v", span)
		}
		nodes[otlp.Attributes(span.GetAttributes())["trunkline.node"]] = true
	}
	if len(nodes) != 2 {
		t.Errorf("nodes %v took it, want 2", nodes)
	}
	s.eventually("the nodes' lines hold the trace", func(context.Context) bool {
		return strings.Contains(s.nodes[0].Log(), "trace_id="+id) && strings.Contains(s.nodes[1].Log(), "trace_id="+id)
	})
	if bytes.Contains(receiver.Raw(), []byte(said)) {
		t.Error("the receiver got what was written")
	}
}

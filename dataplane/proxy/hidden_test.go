package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// newOddRig has a first provider that answers everything with body, and a good second one.
func newOddRig(t *testing.T, media, body string, policy ...func(*nodev1.Policy)) *rig {
	t.Helper()
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = nil // else net/http guesses one
		if media != "" {
			w.Header().Set("Content-Type", media)
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(odd.Close)
	return newRig(t, setup{models: []string{"odd", "ok"}, policy: all(policy), snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = odd.URL }})
}

// all is several changes in one.
func all(changes []func(*nodev1.Policy)) func(*nodev1.Policy) {
	return func(p *nodev1.Policy) {
		for _, change := range changes {
			change(p)
		}
	}
}

const (
	roleEvent = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	halfEvent = `data: {"choices":[{"index":0,"delta":{"content":"Half an"},"finish_reason":null}]}` + "\n\n"
	doneEvent = "data: [DONE]\n\n"
	usageTail = `data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}` + "\n\n"
)

func finishEvent(reason string) string {
	return `data: {"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}` + "\n\n"
}

func plainFinish(text, reason string) string {
	return `{"choices":[{"index":0,"message":{"role":"assistant","content":"` + text + `"},"finish_reason":"` + reason + `"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}`
}

func TestAFailureHiddenInASuccess(t *testing.T) {
	t.Parallel()
	const sse, plain = "text/event-stream", "application/json"
	for name, c := range map[string]struct {
		media, body string
		want        string // how the attempts end
		blame       string // of the first
	}{
		"error, plain":            {plain, plainFinish("", "error"), "p1:server_error p2:ok", "target"},
		"abort, plain, with text": {plain, plainFinish("Half", "abort"), "p1:server_error p2:ok", "target"},
		"no resources, plain":     {plain, plainFinish("", "insufficient_system_resource"), "p1:overloaded p2:ok", "target"},
		"malformed call, plain":   {plain, plainFinish("", "malformed_function_call"), "p1:server_error p2:ok", "target"},
		"window full, plain":      {plain, plainFinish("text", "model_context_window_exceeded"), "p1:ok", ""},
		"length, plain":           {plain, plainFinish("", "length"), "p1:ok", ""},
		"no choices, plain":       {plain, `{"choices":[],"usage":{"prompt_tokens":7}}`, "p1:bad_body p2:ok", "target"},
		"no message, plain":       {plain, `{"choices":[{"index":0,"message":null,"finish_reason":"stop"}]}`, "p1:bad_body p2:ok", "target"},
		"error of a choice":       {plain, `{"choices":[{"index":0,"error":{"code":502,"message":"no"},"finish_reason":null,"message":{"role":"assistant","content":""}}]}`, "p1:server_error p2:ok", "target"},
		"no error of a choice":    {plain, `{"choices":[{"index":0,"error":null,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}]}`, "p1:ok", ""},
		"code and msg, plain":     {plain, `{"code":500,"msg":"internal failure"}`, "p1:server_error p2:ok", "target"},

		"error":            {sse, roleEvent + finishEvent("error") + doneEvent, "p1:server_error p2:ok", "target"},
		"network error":    {sse, finishEvent("network_error"), "p1:server_error p2:ok", "target"},
		"with its text":    {sse, roleEvent + strings.Replace(halfEvent, `n":null`, `n":"abort"`, 1) + doneEvent, "p1:server_error p2:ok", "target"},
		"late":             {sse, roleEvent + halfEvent + finishEvent("insufficient_system_resource") + usageTail + doneEvent, "p1:stream_error", "target"},
		"late, not ended":  {sse, halfEvent + finishEvent("error"), "p1:stream_error", "target"},
		"window full":      {sse, halfEvent + finishEvent("model_context_window_exceeded") + doneEvent, "p1:ok", ""},
		"length":           {sse, roleEvent + finishEvent("length") + doneEvent, "p1:ok", ""},
		"content filter":   {sse, roleEvent + finishEvent("content_filter") + doneEvent, "p1:ok", ""},
		"no reason as yet": {sse, strings.Replace(roleEvent, `n":null`, `n":""`, 1) + finishEvent("error") + doneEvent, "p1:server_error p2:ok", "target"},

		"code and message":  {sse, roleEvent + `data: {"code":"InternalError","message":"try later"}` + "\n\n", "p1:server_error p2:ok", "target"},
		"base_resp":         {sse, `data: {"choices":null,"base_resp":{"status_code":1000,"status_msg":"unknown error"}}` + "\n\n", "p1:server_error p2:ok", "target"},
		"base_resp of zero": {sse, roleEvent + `data: {"choices":[],"base_resp":{"status_code":0,"status_msg":""}}` + "\n\n" + halfEvent + finishEvent("stop") + doneEvent, "p1:ok", ""},
		"error_msg":         {sse, `data: {"error_code":336100,"error_msg":"try again later"}` + "\n\n", "p1:server_error p2:ok", "target"},
		"object":            {sse, `data: {"object":"error","message":"out of memory","type":"InternalServerError","code":500}` + "\n\n", "p1:server_error p2:ok", "target"},
		"detail":            {sse, `data: {"detail":"engine died"}` + "\n\n", "p1:server_error p2:ok", "target"},
		"only its name":     {sse, "event: error\ndata: {\"why\":\"engine died\"}\n\n", "p1:server_error p2:ok", "target"},
		"late code":         {sse, halfEvent + `data: {"code":"InternalError","message":"try later"}` + "\n\n", "p1:stream_error", "target"},
		"on content":        {sse, roleEvent + `data: {"code":"DataInspectionFailed","message":"inappropriate content"}` + "\n\n", "p1:content_policy", "caller"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newOddRig(t, c.media, c.body)
			got := r.chat(c.media == sse)
			call := r.call()
			if outcomes(call) != c.want {
				t.Fatalf("attempts %q, want %q (%s); the client got %s", outcomes(call), c.want, call.Attempts[0].Reason, got.body)
			}
			if b := call.Attempts[0].Blame; b != c.blame {
				t.Errorf("blame %q, want %q", b, c.blame)
			}
			if strings.Contains(c.want, "p2:ok") && (got.status != http.StatusOK || strings.Contains(got.body, "Half")) {
				t.Errorf("status %d, want the second provider's answer alone: %s", got.status, got.body)
			}
		})
	}
}

// A prompt that left no room for an answer is too long, whatever the status.
func TestAnEmptyAnswerOfAFullWindow(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		media, body := "application/json", plainFinish("", "model_context_window_exceeded")
		if stream {
			media, body = "text/event-stream", roleEvent+finishEvent("model_context_window_exceeded")+doneEvent
		}
		r := newOddRig(t, media, body)
		r.chat(stream)
		if call := r.call(); call.Attempts[0].Outcome != dataplane.ContextLength || call.Attempts[0].Blame != "caller" {
			t.Errorf("stream %v: %q, blame %q, want context_length and the caller", stream, outcomes(call), call.Attempts[0].Blame)
		}
	}
}

// What the client has of a stream whose end is a failure stays as the provider sent it.
func TestALateFailureIsPassedOnAndItsUsageCounted(t *testing.T) {
	t.Parallel()
	body := roleEvent + halfEvent + finishEvent("error") + usageTail + doneEvent
	r := newOddRig(t, "text/event-stream", body)
	got := r.chat(true)
	if want := strings.Replace(body, usageTail, "", 1); got.body != want || got.cut {
		t.Errorf("cut %v, got %q, want %q", got.cut, got.body, want)
	}
	call := r.call()
	if u := call.Attempts[0].Usage; u.Input != 7 || u.Output != 3 || u.Source != dataplane.UsageUpstream {
		t.Errorf("usage %+v, want 7 and 3 of the upstream", u)
	}
	if call.Outcome != dataplane.StreamError || call.Attempts[0].Reason != "server_error: the answer finished with error" {
		t.Errorf("%s: %s", call.Outcome, call.Attempts[0].Reason)
	}
}

// What an answer is shows in its bytes, whatever its label says.
func TestLabelsAreNotBelieved(t *testing.T) {
	t.Parallel()
	stream := roleEvent + halfEvent + finishEvent("stop") + doneEvent
	long := strings.Repeat("word ", 600_000)
	for name, c := range map[string]struct{ media, body, want, holds string }{
		"a stream as JSON":       {"application/json", stream, "p1:ok", "Half an"},
		"a stream as text":       {"text/plain", stream, "p1:ok", "Half an"},
		"a stream without label": {"", "\ufeff\n: hello\n\n" + stream, "p1:ok", "Half an"},
		"a page":                 {"", "<!DOCTYPE html><title>Sign in</title>", "p1:bad_body p2:ok", "data:"},
		"almost a stream":        {"text/plain", "dat", "p1:bad_body p2:ok", "data:"},
		"nothing":                {"", "", "p1:bad_body p2:ok", "data:"},
		"a long plain answer":    {"application/json", plainFinish(long, "stop"), "p1:ok", long[:1000]},
		"too long to convert":    {"application/json", plainFinish(strings.Repeat(long, 12), "stop"), "p1:too_large p2:ok", "data:"},
		"a large event":          {"text/event-stream", strings.Replace(stream, "Half an", long, 1), "p1:ok", long[:1000]},
		"an event over the cap":  {"text/event-stream", strings.Replace(stream, "Half an", strings.Repeat(long, 12), 1), "p1:too_large p2:ok", "data:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newOddRig(t, c.media, c.body)
			got := r.chat(true)
			if call := r.call(); outcomes(call) != c.want {
				t.Fatalf("attempts %q, want %q (%s)", outcomes(call), c.want, call.Attempts[0].Reason)
			}
			if !strings.Contains(got.body, c.holds) || !strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") {
				t.Errorf("type %q, body %.200q, want a stream with %.40q", got.header.Get("Content-Type"), got.body, c.holds)
			}
		})
	}
}

func TestAnswersOfOtherShapes(t *testing.T) {
	t.Parallel()
	const audio = "\xff\xfb\x90\x00\x01{"
	for name, c := range map[string]struct{ path, media, body, want string }{
		"audio as bytes":           {"/audio/speech", "binary/octet-stream", audio, "p1:ok"},
		"audio without label":      {"/audio/speech", "", audio, "p1:ok"},
		"audio that begins oddly":  {"/audio/speech", "application/octet-stream", "{\x00\x01\x02", "p1:ok"},
		"an error as bytes":        {"/audio/speech", "binary/octet-stream", `{"error":{"message":"no","type":"server_error"}}`, "p1:server_error p2:ok"},
		"a page as bytes":          {"/audio/speech", "application/octet-stream", "<html>", "p1:bad_body p2:ok"},
		"ranks in an array":        {"/rerank", "application/json", `[{"index":1,"score":0.9},{"index":0,"score":0.1}]`, "p1:ok"},
		"an array of something":    {"/rerank", "application/json", `[{"index":1}]`, "p1:bad_body p2:ok"},
		"an empty array":           {"/rerank", "application/json", `[]`, "p1:bad_body p2:ok"},
		"an array as a completion": {"/completions", "application/json", `[{"score":1}]`, "p1:bad_body p2:ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newOddRig(t, c.media, c.body)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1"+c.path, strings.NewReader(`{"model":"g","input":"x","prompt":"x","query":"x","documents":["x"]}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+clientKey)
			got := r.do(req)
			if call := r.call(); outcomes(call) != c.want {
				t.Fatalf("attempts %q, want %q (%s)", outcomes(call), c.want, call.Attempts[0].Reason)
			}
			if c.want == "p1:ok" && got.body != c.body {
				t.Errorf("got %q, want %q", got.body, c.body)
			}
		})
	}
}

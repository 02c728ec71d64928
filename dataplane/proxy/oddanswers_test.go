package proxy_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// oddAnswer is what a provider answers with status 200, and what it is taken for.
type oddAnswer struct {
	name, api string
	stream    bool
	body      string
	want      string // outcome of the attempt
	usage     string // in/out/source; empty: not looked at
	media     string // empty: the right one
}

// events writes data as events; what begins with event: is one already.
func events(all ...string) string {
	var b strings.Builder
	for _, e := range all {
		if !strings.HasPrefix(e, "event:") {
			e = "data: " + e
		}
		b.WriteString(e + "\n\n")
	}
	return b.String()
}

const (
	hello  = "hello world!"
	cHi    = `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hello world!"},"finish_reason":null}]}`
	cRole  = `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`
	cStop  = `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	mStart = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":11,"output_tokens":1}}}`
	mBlock = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
	mHi    = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello world!"}}`
	mEnd   = `{"type":"content_block_stop","index":0}`
	mDelta = `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}`
	mStop  = `{"type":"message_stop"}`
	rNew   = `{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}`
	rHi    = `{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"hello world!"}`
	rDone  = `{"type":"response.completed","response":{"id":"r","status":"completed","output":[],"usage":{"input_tokens":24,"output_tokens":9}}}`
	gHi    = `{"candidates":[{"content":{"parts":[{"text":"hello world!"}],"role":"model"},"index":0}]}`
	done   = "[DONE]"
)

func gFin(reason string) string {
	return `{"candidates":[{"content":{"parts":[],"role":"model"},"finishReason":"` + reason + `","index":0}]}`
}

func cFin(reason string) string {
	return `{"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

// native is an answer through an aggregator: its own reason to finish, as a member, and the provider's.
func native(text, own, theirs string) string {
	return `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"` + text + `"},` + own + `,"native_finish_reason":"` + theirs + `"}]}`
}

func cNative(text, own, theirs string) string {
	return `{"id":"c","choices":[{"index":0,"delta":{"content":"` + text + `"},` + own + `,"native_finish_reason":"` + theirs + `"}]}`
}

func cPlain(rest string) string {
	return `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello world!"},"finish_reason":"stop"}]` + rest + `}`
}

var oddAnswers = []oddAnswer{
	{"failed by event name", "responses", true, events(rNew, "event: response.failed\ndata: "+`{"response":{"id":"r","status":"failed","error":{"code":"server_error","message":"x"}}}`), "server_error", "", ""},
	{"failed by event name, rate", "responses", true, events(rNew, "event: response.failed\ndata: "+`{"response":{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}}`), "busy", "", ""},
	{"failed without an error", "responses", true, events(rNew, `{"type":"response.failed","response":{"id":"r","status":"failed","error":null}}`), "server_error", "", ""},
	{"error event, flat", "responses", true, events(rNew, "event: error\ndata: "+`{"code":"server_error","message":"boom","param":null,"sequence_number":2}`), "server_error", "", ""},
	{"completed but failed", "responses", true, events(rNew, `{"type":"response.completed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"x"},"output":[]}}`), "server_error", "", ""},
	{"incomplete by filter", "responses", true, events(rNew, `{"type":"response.incomplete","response":{"id":"r","status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[],"usage":{"input_tokens":24,"output_tokens":0}}}`), "ok", "24/0/upstream", ""},
	{"usage in a late failure", "responses", true, events(rNew, rHi, `{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"x"},"usage":{"input_tokens":24,"output_tokens":9}}}`), "stream_error", "24/9/upstream", ""},
	{"done marker behind", "responses", true, events(rNew, rHi, rDone, done), "ok", "24/9/upstream", ""},
	{"only names of events", "responses", true, events("event: response.output_text.delta\ndata: "+`{"delta":"hello world!"}`, "event: response.completed\ndata: "+`{"response":{"id":"r","status":"completed","output":[],"usage":{"input_tokens":24,"output_tokens":9}}}`), "ok", "24/9/upstream", ""},
	{"plain failed", "responses", false, `{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"x"},"output":[]}`, "server_error", "", ""},
	{"plain failed, no error", "responses", false, `{"id":"r","object":"response","status":"failed","output":[]}`, "bad_body", "", ""},
	{"SSE of JSON error without data", "responses", true, `{"error":{"message":"boom","type":"server_error","code":"server_error"}}`, "server_error", "", ""},
	{"error without event line", "messages", true, events(mStart, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), "overloaded", "", ""},
	{"OpenAI error", "messages", true, events(mStart, `{"error":{"message":"boom","code":500}}`), "server_error", "", ""},
	{"error name, detail", "messages", true, events(mStart, "event: error\ndata: "+`{"detail":"engine died"}`), "server_error", "", ""},
	{"late error", "messages", true, events(mStart, mBlock, mHi, `{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`), "stream_error", "11/4/estimated", ""},
	{"no message_stop", "messages", true, events(mStart, mBlock, mHi, mEnd, mDelta), "ok", "11/9/upstream", ""},
	{"no message_delta", "messages", true, events(mStart, mBlock, mHi, mEnd, mStop), "ok", "", ""},
	{"stop reason error", "messages", true, events(mStart, `{"type":"message_delta","delta":{"stop_reason":"error"},"usage":{"output_tokens":0}}`, mStop), "server_error", "", ""},
	{"stop reason refusal", "messages", true, events(mStart, `{"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":1}}`, mStop), "ok", "", ""},
	{"stop reason null, nothing said", "messages", true, events(mStart, `{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":0}}`, mStop), "ok", "", ""},
	{"done marker for message_stop", "messages", true, events(mStart, mBlock, mHi, mEnd, mDelta, done), "ok", "11/9/upstream", ""},
	{"Bedrock's metrics", "messages", true, events(`{"type":"message_start","message":{"id":"m","content":[]}}`, mBlock, mHi, mEnd, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, `{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":24,"outputTokenCount":9,"invocationLatency":1,"firstByteLatency":1}}`), "ok", "24/9/upstream", ""},
	{"only names of events", "messages", true, events("event: message_start\ndata: "+`{"message":{"usage":{"input_tokens":11,"output_tokens":1}}}`, "event: content_block_delta\ndata: "+`{"index":0,"delta":{"type":"text_delta","text":"hello world!"}}`, "event: message_delta\ndata: "+`{"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}`, "event: message_stop\ndata: {}"), "ok", "11/9/upstream", ""},
	{"plain error", "messages", false, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, "overloaded", "", ""},
	{"plain error, flat", "messages", false, `{"type":"error","message":"Overloaded"}`, "overloaded", "", ""},
	{"plain, stop reason error", "messages", false, `{"id":"m","type":"message","role":"assistant","content":[],"stop_reason":"error","usage":{"input_tokens":11,"output_tokens":0}}`, "server_error", "", ""},
	{"late error", "gemini", true, events(gHi, `{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}`), "stream_error", "", ""},
	{"array error", "gemini", true, `[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]`, "busy", "", "application/json"},
	{"malformed call", "gemini", true, events(gFin("MALFORMED_FUNCTION_CALL")), "server_error", "", ""},
	{"missing signature", "gemini", true, events(gFin("MISSING_THOUGHT_SIGNATURE")), "unsupported", "", ""},
	{"prompt blocked", "gemini", true, events(`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":24,"totalTokenCount":24}}`), "ok", "24/0/upstream", ""},
	{"only usage", "gemini", true, events(`{"usageMetadata":{"promptTokenCount":24,"totalTokenCount":24},"modelVersion":"x"}`), "empty_stream", "", ""},
	{"no finish reason", "gemini", true, events(gHi), "stream_cut", "", ""},
	{"snake case", "gemini", true, events(`{"candidates":[{"content":{"parts":[{"text":"hello world!"}]},"finish_reason":"STOP"}],"usage_metadata":{"prompt_token_count":24,"candidates_token_count":9,"total_token_count":33}}`), "ok", "24/9/upstream", ""},
	{"thought only", "gemini", true, events(`{"candidates":[{"content":{"parts":[{"text":"hmm","thought":true}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":24,"thoughtsTokenCount":9,"totalTokenCount":33}}`), "ok", "24/9/upstream", ""},
	{"plain missing signature", "gemini", false, gFin("MISSING_THOUGHT_SIGNATURE"), "unsupported", "", ""},
	{"plain no candidates", "gemini", false, `{"usageMetadata":{"promptTokenCount":24,"totalTokenCount":24},"modelVersion":"x"}`, "bad_body", "", ""},
	{"bare JSON in a stream", "chat", true, `{"error":{"message":"boom","code":500}}` + "\n\n", "server_error", "", ""},
	{"bare JSON with newline, auth", "chat", true, `{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}` + "\n", "auth_failed", "", ""},
	{"bare JSON behind text", "chat", true, events(cHi) + `{"error":{"message":"boom","code":500}}` + "\n", "stream_error", "", ""},
	{"success false", "chat", true, events(`{"success":false,"message":"Rate limit exceeded"}`), "busy", "", ""},
	{"status error", "chat", true, events(`{"status":"error","message":"boom"}`), "server_error", "", ""},
	{"errorMessage", "chat", true, events(`{"errorCode":"InternalError","errorMessage":"boom"}`), "server_error", "", ""},
	{"error_message", "chat", true, events(`{"error_message":"boom"}`), "server_error", "", ""},
	{"plain success false", "chat", false, `{"success":false,"message":"Rate limit exceeded"}`, "busy", "", ""},
	{"plain status error", "chat", false, `{"status":"error","message":"Insufficient balance"}`, "quota_exhausted", "", ""},
	{"plain status fail in data", "chat", false, `{"status":"fail","data":null,"msg":"boom"}`, "server_error", "", ""},
	{"plain errorMessage", "chat", false, `{"errorCode":"Throttling","errorMessage":"boom"}`, "busy", "", ""},
	{"plain Response.Error", "chat", false, `{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"x"},"RequestId":"r"}}`, "busy", "", ""},
	{"plain result error", "chat", false, `{"result":null,"success":false,"errors":[{"code":3040,"message":"Capacity temporarily exceeded"}]}`, "server_error", "", ""},
	{"plain message alone", "chat", false, `{"message":"Endpoint request timed out"}`, "bad_body", "", ""},
	{"DONE without stop", "chat", true, events(cHi, done), "ok", "", ""},
	{"role then DONE", "chat", true, events(cRole, done), "empty_stream", "", ""},
	{"ping events", "chat", true, events("event: ping\ndata: {}", cHi, cStop, done), "ok", "", ""},
	{"ping text", "chat", true, events("event: ping\ndata: ping", cHi, cStop, done), "ok", "", ""},
	{"heartbeat objects", "chat", true, events(`{"type":"heartbeat"}`, cHi, cStop, done), "ok", "", ""},
	{"progress message", "chat", true, events(`{"status":"queued","message":"position 3"}`, cHi, cStop, done), "ok", "", ""},
	{"code 0 first", "chat", true, events(`{"code":0,"message":"success"}`, cHi, cStop, done), "ok", "", ""},
	{"code 200 string", "chat", true, events(`{"code":"200","message":"OK"}`, cHi, cStop, done), "ok", "", ""},
	{"prompt progress", "chat", true, events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}],"prompt_progress":{"total":10,"cache":0,"processed":5,"time_ms":3}}`, cHi, cStop, done), "ok", "", ""},
	{"Azure filter first", "chat", true, events(`{"choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"jailbreak":{"filtered":false}}}]}`, cHi, cStop, done), "ok", "", ""},
	{"finish unknown, nothing", "chat", true, events(cRole, cFin("unknown"), done), "ok", "", ""},
	{"finish insufficient_quota", "chat", true, events(cRole, cFin("insufficient_quota"), done), "overloaded", "", ""},
	{"finish rate_limit", "chat", true, events(cRole, cFin("rate_limit"), done), "overloaded", "", ""},
	{"finish rate_limited plain", "chat", false, plainFinish("", "rate_limited"), "overloaded", "", ""},
	{"finish preempted", "chat", true, events(cRole, cFin("preempted"), done), "server_error", "", ""},
	{"finish crashed", "chat", true, events(cRole, cFin("crashed"), done), "server_error", "", ""},
	{"finish killed", "chat", true, events(cRole, cFin("killed"), done), "server_error", "", ""},
	{"finish deadline_exceeded", "chat", true, events(cRole, cFin("deadline_exceeded"), done), "server_error", "", ""},
	{"finish interrupted by user", "chat", true, events(cHi, cFin("user_interrupted"), done), "ok", "", ""},
	{"timings plain", "chat", false, cPlain(`,"timings":{"cache_n":4,"prompt_n":20,"predicted_n":9,"prompt_ms":3}`), "ok", "24/9/upstream", ""},
	{"timings stream", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"cache_n":4,"prompt_n":20,"predicted_n":9}}`, done), "ok", "24/9/upstream", ""},
	{"timings of each token", "chat", true, events(`{"choices":[{"index":0,"delta":{"content":"hello "}}],"timings":{"cache_n":0,"prompt_n":24,"predicted_n":1}}`, `{"choices":[{"index":0,"delta":{"content":"world"}}],"timings":{"cache_n":0,"prompt_n":24,"predicted_n":2}}`, cStop, done), "ok", "24/2/upstream", ""},
	{"timings beside usage", "chat", true, events(cHi, cStop, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9},"timings":{"cache_n":0,"prompt_n":1,"predicted_n":9}}`, done), "ok", "24/9/upstream", ""},
	{"timings beside zeros", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0},"timings":{"prompt_n":24,"predicted_n":9}}`, done), "ok", "24/9/upstream", ""},
	{"timings, then zeros", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"prompt_n":24,"predicted_n":9}}`, `{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}`, done), "ok", "24/9/upstream", ""},
	{"zeros, then timings", "chat", true, events(`{"choices":[{"index":0,"delta":{"content":"hello world!"}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"prompt_n":24,"predicted_n":9}}`, done), "ok", "24/9/upstream", ""},
	{"behind DONE", "chat", true, events(cHi, cStop, done, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`), "ok", "24/9/upstream", ""},
	{"behind DONE, without a blank line", "chat", true, events(cHi, cStop, done) + `data: {"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`, "ok", "24/9/upstream", ""},
	{"behind DONE, timings", "chat", true, events(cHi, cStop, done, `{"choices":[],"timings":{"prompt_n":24,"predicted_n":9}}`), "ok", "24/9/upstream", ""},
	{"told before and zeros behind DONE", "chat", true, events(cHi, cStop, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`, done, `{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}`), "ok", "24/9/upstream", ""},
	{"Ollama's counts", "chat", false, cPlain(`,"prompt_eval_count":24,"eval_count":9,"total_duration":1`), "ok", "24/9/upstream", ""},
	{"Ollama's counts in a stream", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"prompt_eval_count":24,"eval_count":9}`, done), "ok", "24/9/upstream", ""},
	{"TGI's details", "chat", false, cPlain(`,"details":{"finish_reason":"length","generated_tokens":9,"prefill":[],"prompt_tokens":24}`), "ok", "24/9/upstream", ""},
	{"Cohere's meta", "chat", false, cPlain(`,"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":24,"output_tokens":9}}`), "ok", "24/9/upstream", ""},
	{"Cohere's meta tokens", "chat", false, cPlain(`,"meta":{"tokens":{"input_tokens":24,"output_tokens":9}}`), "ok", "24/9/upstream", ""},
	{"Cohere's usage", "chat", false, cPlain(`,"usage":{"billed_units":{"input_tokens":5,"output_tokens":9},"tokens":{"input_tokens":24,"output_tokens":9}}`), "ok", "5/9/upstream", ""},
	{"Cohere's usage, tokens alone", "chat", false, cPlain(`,"usage":{"tokens":{"input_tokens":24,"output_tokens":9}}`), "ok", "24/9/upstream", ""},
	{"usageMetadata inside chat", "chat", false, cPlain(`,"usageMetadata":{"promptTokenCount":24,"candidatesTokenCount":9,"totalTokenCount":33}`), "ok", "24/9/upstream", ""},
	{"usageMetadata in a chat stream", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usageMetadata":{"promptTokenCount":24,"candidatesTokenCount":9,"totalTokenCount":33}}`, done), "ok", "24/9/upstream", ""},
	{"usage_metadata in a chat stream", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage_metadata":{"prompt_token_count":24,"candidates_token_count":9}}`, done), "ok", "24/9/upstream", ""},
	{"x_groq stream", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"prompt_tokens":24,"completion_tokens":9}}}`, done), "ok", "24/9/upstream", ""},
	{"x_groq plain", "chat", false, cPlain(`,"x_groq":{"id":"r","usage":{"prompt_tokens":24,"completion_tokens":9}}`), "ok", "24/9/upstream", ""},
	{"usage beside an error", "chat", true, events(cHi, `{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"x"},"usage":{"prompt_tokens":24,"completion_tokens":9}}`, done), "stream_error", "24/9/upstream", ""},
	{"usage without choices key", "chat", true, events(cHi, cStop, `{"usage":{"prompt_tokens":24,"completion_tokens":9}}`, done), "ok", "24/9/upstream", ""},
	{"usage with null choices", "chat", true, events(cHi, cStop, `{"choices":null,"usage":{"prompt_tokens":24,"completion_tokens":9}}`, done), "ok", "24/9/upstream", ""},
	{"native failure behind nothing", "chat", false, native("", `"finish_reason":null`, "network_error"), "server_error", "", ""},
	{"native failure, no reason", "chat", false, native("", `"x":1`, "error"), "server_error", "", ""},
	{"native failure, empty reason", "chat", false, native("", `"finish_reason":""`, "error"), "server_error", "", ""},
	{"native failure called stop", "chat", false, native("", `"finish_reason":"stop"`, "MALFORMED_FUNCTION_CALL"), "server_error", "", ""},
	{"native overload called stop", "chat", false, native("", `"finish_reason":"stop"`, "insufficient_system_resource"), "overloaded", "", ""},
	{"native failure, cut answer", "chat", false, native(hello, `"finish_reason":null`, "network_error"), "server_error", "", ""},
	{"native failure, good answer", "chat", false, native(hello, `"finish_reason":"stop"`, "error"), "ok", "", ""},
	{"native end of an empty answer", "chat", false, native("", `"finish_reason":"stop"`, "end_turn"), "ok", "", ""},
	{"native filter of an empty answer", "chat", false, native("", `"finish_reason":"content_filter"`, "error"), "ok", "", ""},
	{"native limit of an empty answer", "chat", false, native("", `"finish_reason":"length"`, "error"), "ok", "", ""},
	{"LiteLLM's native failure", "chat", false, `{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"stop","provider_specific_fields":{"native_finish_reason":"network_error"}}]}`, "server_error", "", ""},
	{"native failure in a stream", "chat", true, events(cRole, cNative("", `"finish_reason":null`, "network_error"), done), "server_error", "", ""},
	{"native failure called stop in a stream", "chat", true, events(cRole, cNative("", `"finish_reason":"stop"`, "error"), done), "server_error", "", ""},
	{"native failure, then stop", "chat", true, events(cRole, cNative("", `"finish_reason":""`, "error"), cStop, done), "server_error", "", ""},
	{"native failure behind text", "chat", true, events(cHi, cNative("", `"finish_reason":null`, "network_error"), done), "stream_error", "", ""},
	{"native failure with the last text", "chat", true, events(cHi, cNative("more", `"finish_reason":null`, "error"), done), "stream_error", "", ""},
	{"native failure called stop behind text", "chat", true, events(cHi, cNative("", `"finish_reason":"stop"`, "error"), done), "ok", "", ""},
	{"native null in each chunk", "chat", true, events(`{"choices":[{"index":0,"delta":{"content":"hello world!"},"finish_reason":null,"native_finish_reason":null}]}`, cNative("", `"finish_reason":"stop"`, "completed"), done), "ok", "", ""},
	{"Z.ai's nothing", "chat", false, `{"id":"","choices":null,"usage":null}`, "bad_body", "", ""},
	{"Z.ai's nothing for a stream", "chat", true, `{"id":"","choices":null,"usage":null}`, "bad_body", "", "application/json"},
	{"Z.ai's nothing as an event", "chat", true, events(`{"id":"","choices":null,"usage":null}`), "empty_stream", "", ""},
	{"Z.ai's nothing and the end", "chat", true, events(`{"id":"","choices":null,"usage":null}`, done), "empty_stream", "", ""},
	{"Z.ai's nothing behind a role", "chat", true, events(cRole, `{"id":"","choices":null,"usage":null}`, done), "empty_stream", "", ""},
	{"Z.ai's nothing behind text", "chat", true, events(cHi, `{"id":"","choices":null,"usage":null}`, cStop, done), "ok", "", ""},
	{"no choices member", "chat", false, `{"id":"c","object":"chat.completion","usage":{"prompt_tokens":3,"completion_tokens":0}}`, "bad_body", "", ""},
	{"choices of null", "chat", false, `{"id":"c","choices":[null]}`, "bad_body", "", ""},
	{"choices of null as an event", "chat", true, events(`{"id":"c","choices":[null]}`, done), "empty_stream", "", ""},
	{"empty object", "chat", false, `{}`, "bad_body", "", ""},
	{"empty object as an event", "chat", true, events(`{}`, done), "empty_stream", "", ""},
	{"content null", "messages", false, `{"id":"","type":"message","content":null,"usage":null}`, "bad_body", "", ""},
	{"output null", "responses", false, `{"id":"","object":"response","output":null,"usage":null}`, "bad_body", "", ""},
	{"candidates null", "gemini", false, `{"candidates":null,"usageMetadata":null}`, "bad_body", "", ""},
	{"candidates null as an event", "gemini", true, events(`{"candidates":null,"usageMetadata":null}`), "empty_stream", "", ""},
	{"usage type event", "chat", true, events(cHi, cStop, `{"type":"usage","usage":{"prompt_tokens":24,"completion_tokens":9}}`, done), "ok", "24/9/upstream", ""},
}

// What providers say in odd ways is taken for what it is, in every API, whole and streamed, passed on and translated.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range oddAnswers {
		for _, translated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%s/translated=%v", c.api, c.name, translated), func(t *testing.T) {
				t.Parallel()
				r := c.rig(t)
				got := c.ask(r, translated)
				a := r.call().Attempts[0]
				if a.Outcome.String() != c.want || (a.Translation != nil) != translated {
					t.Errorf("taken for %s (%s), want %s: %s", a.Outcome, a.Reason, c.want, got.body)
				}
				if told := fmt.Sprintf("%d/%d/%s", a.Usage.Input, a.Usage.Output, a.Usage.Source); c.usage != "" && told != c.usage {
					t.Errorf("used %s, want %s: %s", told, c.usage, got.body)
				}
				if c.want == "ok" && strings.Contains(c.body, hello) && !strings.Contains(got.body, hello) {
					t.Errorf("the text is lost: %s", got.body)
				}
				if c.want == "stream_error" && (!strings.Contains(got.body, "error") || strings.Contains(got.body, done)) {
					t.Errorf("the client takes it for whole: %s", got.body)
				}
			})
		}
	}
}

// rig has one provider, which answers so.
func (c *oddAnswer) rig(t *testing.T) *rig {
	media := cmp.Or(c.media, map[bool]string{false: "application/json", true: "text/event-stream"}[c.stream])
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", media)
		_, _ = io.WriteString(w, c.body)
	}))
	t.Cleanup(odd.Close)
	return newRig(t, setup{models: []string{"odd"}, snapshot: func(s *nodev1.Snapshot) {
		p := s.Providers[0]
		p.BaseUrl, p.Models[0].MaxOutputTokens = odd.URL, 4096
		if c.api == "gemini" {
			p.Dialect = c.api
		} else {
			p.Endpoints = []*nodev1.Endpoint{{Api: c.api}}
		}
	}})
}

// ask asks in the provider's API, or in another one.
func (c *oddAnswer) ask(r *rig, translated bool) answer {
	api := c.api
	if translated {
		api = map[bool]string{false: "chat", true: "messages"}[api == "chat"]
	}
	switch api {
	case "messages":
		return r.postTo("/messages", fmt.Sprintf(`{"model":"g","max_tokens":99,"stream":%v,"messages":[{"role":"user","content":"hi"}]}`, c.stream))
	case "responses":
		return r.postTo("/responses", fmt.Sprintf(`{"model":"g","store":false,"stream":%v,"input":"hi"}`, c.stream))
	case "gemini":
		path := ":generateContent"
		if c.stream {
			path = ":streamGenerateContent?alt=sse"
		}
		return r.askGemini("/v1beta/models/g"+path, geminiHi)
	}
	return r.chat(c.stream)
}

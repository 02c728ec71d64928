package responses

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// A whole response becomes what a client would have got in pieces: the pieces make it again.
func TestEventsOfAResponse(t *testing.T) {
	t.Parallel()
	const items = `{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"so \"far\""}],"content":[{"type":"reasoning_text","text":"hm"}],"encrypted_content":"x=="},` +
		`{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi\n","annotations":[{"type":"url_citation","url":"http://x"}],"logprobs":[]},{"type":"refusal","refusal":"no"}]},` +
		`{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{\"a\":1}","status":"completed"},` +
		`{"type":"custom_tool_call","id":"ct_1","call_id":"c","name":"g","input":"raw"},` +
		`{"type":"web_search_call","id":"ws_1","status":"completed"}`
	answer := `{"id":"resp_1","object":"response","status":"completed","output":[` + items + `],"usage":{"input_tokens":3,"output_tokens":2}}`
	all, err := events([]byte(answer), false)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	text := map[string]string{}
	for n, event := range all {
		data := dataOf(t, event)
		typ := data.Get("type").Str
		types = append(types, strings.TrimPrefix(typ, "response."))
		if !strings.HasPrefix(string(event), "event: "+typ+"\n") || data.Get("sequence_number").Int() != int64(n) {
			t.Errorf("event %d is %s", n, event)
		}
		if strings.HasSuffix(typ, ".delta") {
			text[data.Get("item_id").Str+" "+typ] += data.Get("delta").Str
		}
		if typ == "response.output_item.done" && data.Get("item").Raw != gjson.Get(answer, "output."+data.Get("output_index").Raw).Raw {
			t.Errorf("item %s is not whole: %s", data.Get("output_index").Raw, data.Get("item").Raw)
		}
	}
	want := "created in_progress " +
		"output_item.added reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.done reasoning_summary_part.done reasoning_text.delta reasoning_text.done output_item.done " +
		"output_item.added content_part.added output_text.delta output_text.done output_text.annotation.added content_part.done content_part.added refusal.delta refusal.done content_part.done output_item.done " +
		"output_item.added function_call_arguments.delta function_call_arguments.done output_item.done " +
		"output_item.added custom_tool_call_input.delta custom_tool_call_input.done output_item.done " +
		"output_item.added output_item.done completed"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for key, want := range map[string]string{
		"rs_1 response.reasoning_summary_text.delta": `so "far"`, "rs_1 response.reasoning_text.delta": "hm",
		"msg_1 response.output_text.delta": "Hi\n", "msg_1 response.refusal.delta": "no",
		"fc_1 response.function_call_arguments.delta": `{"a":1}`, "ct_1 response.custom_tool_call_input.delta": "raw",
	} {
		if text[key] != want {
			t.Errorf("%s: %q, want %q", key, text[key], want)
		}
	}
	first, last := dataOf(t, all[0]).Get("response"), dataOf(t, all[len(all)-1]).Get("response")
	if first.Get("status").Str != "in_progress" || first.Get("output").Raw != "[]" || first.Get("id").Str != "resp_1" || first.Get("usage").Raw != "null" {
		t.Errorf("begins with %s", first.Raw)
	}
	if last.Raw != answer {
		t.Errorf("ends with %s, want the answer itself", last.Raw)
	}
}

func TestEventsOfAnIncompleteResponse(t *testing.T) {
	t.Parallel()
	all, err := events([]byte(`{"id":"r","status":"incomplete","output":[]}`), false)
	if err != nil || len(all) != 3 || dataOf(t, all[2]).Get("type").Str != "response.incomplete" {
		t.Errorf("%v, %q", err, all)
	}
}

// Whoever converts must agree with whoever inspects: output is seen, the end is an end.
func TestConvertedEventsAreUnderstood(t *testing.T) {
	t.Parallel()
	all, err := events([]byte(`{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":3,"output_tokens":2}}`), false)
	if err != nil {
		t.Fatal(err)
	}
	seen := wire.Inspection{Stream: stream}
	var last wire.Kind
	for _, event := range all {
		last = seen.See(event, false)
	}
	if last != wire.Done || !seen.Spoken || seen.Empty() || seen.Usage.Output != 2 {
		t.Errorf("last %v, seen %+v", last, seen)
	}
}

func TestAFailedResponseHasTheIDOfTheOneThatBegan(t *testing.T) {
	t.Parallel()
	event := string(errorEvent([]byte(`{"error":{"message":"why","type":"server_error","param":null,"code":"c"}}`), wire.Place{Events: 7, ID: "resp_9"}))
	own, failed, _ := strings.Cut(event, "\n\n")
	e, f := dataOf(t, []byte(own+"\n\n")), dataOf(t, []byte(failed))
	if e.Get("type").Str != "error" || e.Get("code").Str != "c" || e.Get("message").Str != "why" || e.Get("error.message").Str != "why" || e.Get("sequence_number").Int() != 7 {
		t.Errorf("error event %s", e.Raw)
	}
	if f.Get("type").Str != "response.failed" || f.Get("response.id").Str != "resp_9" || f.Get("response.error.message").Str != "why" || f.Get("sequence_number").Int() != 8 {
		t.Errorf("failed response %s", f.Raw)
	}
}

func dataOf(t *testing.T, event []byte) gjson.Result {
	t.Helper()
	_, data, ok := strings.Cut(string(event), "data: ")
	data = strings.TrimSuffix(data, "\n\n")
	if !ok || !gjson.Valid(data) || strings.Contains(data, "\n") {
		t.Fatalf("no event with one line of JSON: %q", event)
	}
	return gjson.Parse(data)
}

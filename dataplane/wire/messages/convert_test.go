package messages

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// A whole message becomes what a client would have got in pieces: the pieces make it again.
func TestEventsOfAMessage(t *testing.T) {
	t.Parallel()
	const answer = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[` +
		`{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"x"},` +
		`{"type":"text","text":"Hi \"you\"","citations":[{"type":"char_location","cited_text":"a"}]},` +
		`{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`
	all, err := events([]byte(answer), false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	seen := wire.Inspection{Stream: stream}
	var last wire.Kind
	for _, event := range all {
		last = seen.See(event, false)
		_, data, _ := strings.Cut(strings.TrimSpace(string(event)), "\ndata: ")
		if !gjson.Valid(data) || !strings.HasPrefix(string(event), "event: "+gjson.Get(data, "type").Str+"\n") {
			t.Fatalf("event %q", event)
		}
		got = append(got, data)
	}
	want := []string{
		`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":0}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"x"}}`,
		`{"type":"content_block_stop","index":1}`,
		`{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"","citations":[]}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hi \"you\""}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"a"}}}`,
		`{"type":"content_block_stop","index":2}`,
		`{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}`,
		`{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}`,
		`{"type":"content_block_stop","index":3}`,
		`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":3,"output_tokens":2}}`,
		`{"type":"message_stop"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if last != wire.Done || !seen.Spoken || seen.Empty() || seen.Usage.Output != 2 || seen.Usage.Input != 3 {
		t.Errorf("last %v, seen %+v", last, seen)
	}
}

package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// streams are the seeds of what reads streams: whole ones, and what breaks readers.
var streams = []string{
	"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n",
	"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n",
	"event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\r\n\r\nevent: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\r\n\r\n",
	": wait\ndata:{\"error\":{\"message\":\"no\"}}\n\n", "data: a\ndata: b\n\n", "data\n\n", "\n\n\n", "\r\n\r\n", "data: x\r\r\n\n", "data: \xff\xfe\n\n",
	"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"},{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":[]}}}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3}}\r\n\r\n", "data: {\"promptFeedback\":{\"blockReason\":\"OTHER\"}}\n\n",
	"id: 1\nretry: 5\n\ndata: {", "data: [DONE]", "\ufeffdata: {}\n\n", "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"\\u00", "data: " + strings.Repeat("[", 300) + "\n\n",
}

// No event of any endpoint's stream may upset its inspection.
func FuzzInspection(f *testing.F) {
	for _, s := range streams {
		for kind := range Endpoints {
			f.Add([]byte(s), uint8(kind), true)
		}
	}
	over, err := keyword.Compile("over", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte, kind uint8, hide bool) {
		e := Endpoints[int(kind)%len(Endpoints)]
		if e.Stream == nil {
			return
		}
		view := wire.Inspection{Stream: e.Stream, Watch: keyword.NewWatch([]*keyword.Matcher{over})}
		for _, event := range eventsOf(t, stream) {
			switch kind := view.See(event, hide); {
			case kind == wire.Meaningful && !view.Meaningful:
				t.Fatalf("meaningful, and yet not: %q", event)
			case kind == wire.Hidden && !hide:
				t.Fatalf("hidden without reason: %q", event)
			}
			if view.Output > int64(len(stream)) || view.Usage.CachedInput > view.Usage.Input || view.Usage.Input < 0 || view.Usage.Output < 0 {
				t.Fatalf("view %+v", view)
			}
			_ = sse.Event(event)
		}
	})
}

// eventsOf gives the events of a stream and, last, what makes no event.
func eventsOf(t *testing.T, stream []byte) (all [][]byte) {
	t.Helper()
	r := sse.NewReader(bytes.NewReader(stream), nil, new(buffer.Pool), nil)
	defer r.Close()
	for {
		for event := r.Next(); event != nil; event = r.Next() {
			all = append(all, bytes.Clone(event))
		}
		if r.Fill() != nil {
			return append(all, bytes.Clone(r.Rest()))
		}
	}
}

package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// streams are the seeds of what reads streams: whole ones, and what breaks readers.
var streams = []string{
	"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n",
	"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n",
	"event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\r\n\r\nevent: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\r\n\r\n",
	": wait\ndata:{\"error\":{\"message\":\"no\"}}\n\n", "data: a\ndata: b\n\n", "data\n\n", "\n\n\n", "\r\n\r\n", "data: x\r\r\n\n", "data: \xff\xfe\n\n",
	"id: 1\nretry: 5\n\ndata: {", "data: [DONE]", "\ufeffdata: {}\n\n", "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"\\u00", "data: " + strings.Repeat("[", 300) + "\n\n",
}

// Whatever comes, and however it is cut into reads, events are the stream's own bytes in
// its own order, each one whole.
func FuzzReader(f *testing.F) {
	for _, s := range streams {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := readEvents(t, bytes.NewReader(stream))
		for _, cut := range []io.Reader{iotest.OneByteReader(bytes.NewReader(stream)), iotest.HalfReader(bytes.NewReader(stream)), iotest.DataErrReader(bytes.NewReader(stream))} {
			if got := readEvents(t, cut); len(got) != len(whole) {
				t.Fatalf("%d events in one piece, %d in several", len(whole), len(got))
			}
		}
		if joined := bytes.Join(whole, nil); !bytes.Equal(joined, stream) {
			t.Fatalf("got %q of %q", joined, stream)
		}
	})
}

// readEvents gives the events of a stream and, last, what makes no event.
func readEvents(t *testing.T, src io.Reader) [][]byte {
	t.Helper()
	var all [][]byte
	r := NewReader(src, nil, new(buffer.Pool), nil)
	for {
		for event := r.Next(); event != nil; event = r.Next() {
			if !bytes.HasSuffix(event, []byte("\n")) || len(event) < 2 {
				t.Fatalf("no whole event: %q", event)
			}
			all = append(all, bytes.Clone(event))
		}
		if err := r.Fill(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return append(all, bytes.Clone(r.Rest()))
		}
	}
}

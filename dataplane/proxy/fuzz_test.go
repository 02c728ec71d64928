package proxy

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
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
func FuzzEventReader(f *testing.F) {
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
	r := newEventReader(src, new(buffers))
	for {
		for event := r.next(); event != nil; event = r.next() {
			if !bytes.HasSuffix(event, []byte("\n")) || len(event) < 2 {
				t.Fatalf("no whole event: %q", event)
			}
			all = append(all, bytes.Clone(event))
		}
		if err := r.fill(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return append(all, bytes.Clone(r.rest()))
		}
	}
}

// No event of any endpoint's stream may upset the view of it.
func FuzzStreamView(f *testing.F) {
	for _, s := range streams {
		for kind := range endpoints {
			f.Add([]byte(s), uint8(kind), true)
		}
	}
	over, err := keyword.Compile("over", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte, kind uint8, hide bool) {
		e := endpoints[int(kind)%len(endpoints)]
		if e.stream == nil {
			return
		}
		view := streamView{kind: e.stream, watch: keyword.NewWatch([]*keyword.Matcher{over})}
		for _, event := range readEvents(t, bytes.NewReader(stream)) {
			switch kind := view.see(event, hide); {
			case kind == eventMeaningful && !view.meaningful:
				t.Fatalf("meaningful, and yet not: %q", event)
			case kind == eventHidden && (!hide || view.usage.Source != dataplane.UsageUpstream):
				t.Fatalf("hidden without reason: %q", event)
			}
			if view.content > view.parsed || view.usage.CachedInput > view.usage.Input || view.usage.Input < 0 || view.usage.Output < 0 {
				t.Fatalf("view %+v", view)
			}
			_ = asEvent(event)
		}
	})
}

// A form that is accepted reads the same behind us as before us, but for its model.
func FuzzForm(f *testing.F) {
	for _, s := range []string{
		"--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ng\r\n--B--\r\n",
		"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"b.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\x00\r\n--b\r\n--B\r\nContent-Disposition: form-data; name=model\r\n\r\ng\r\n--B\r\nContent-Disposition: form-data; name=stream\r\n\r\ntrue\r\n--B--",
		"preamble\r\n--B\r\nContent-Disposition: form-data; name=\"Model\"\r\n\r\ng\r\n--B--\r\nepilogue",
		"--B\nContent-Disposition: form-data; name=\"model\"\n\ng\n--B--\n", "--B\r\nContent-Disposition: form-data; name*=utf-8''mod%65l\r\n\r\ng\r\n--B--",
		"--B\r\nContent-Disposition: form-data; name=\"model\"; filename=\"\"\r\n\r\ng\r\n--B--", "--B\r\n\r\n--B--", "--B--", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, e, err := readForm(bytes.NewReader(body), "B", "")
		if err != nil {
			return
		}
		defer got.close()
		if e.model == "" {
			t.Fatal("accepted without a model")
		}
		sent, err := io.ReadAll(got.reader("new/model"))
		if err != nil || int64(len(sent)) != got.size("new/model") {
			t.Fatalf("%d bytes of %d: %v", len(sent), got.size("new/model"), err)
		}
		before := formParts(t, body, "B")
		after := formParts(t, sent, strings.TrimPrefix(got.contentType, "multipart/form-data; boundary="))
		if len(before) != len(after) {
			t.Fatalf("%d parts became %d", len(before), len(after))
		}
		for i := range before {
			want := before[i]
			if want.name == "model" {
				if want.value != e.model {
					t.Fatalf("routed by %q, the form says %q", e.model, want.value)
				}
				want.value = "new/model"
			}
			if after[i] != want {
				t.Fatalf("part %+v became %+v", want, after[i])
			}
		}
	})
}

type formPart struct{ name, file, value string }

func formParts(t *testing.T, body []byte, boundary string) []formPart {
	t.Helper()
	var all []formPart
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		// Quotes, backslashes and line ends are written as browsers write them.
		all = append(all, formPart{quoted(part.FormName()), quoted(part.FileName()), string(value)})
	}
}

// quoted is a name in the one form that both sides of the rewriting have in common.
func quoted(s string) string {
	return strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n", "%00", "\x00").Replace(s)
}

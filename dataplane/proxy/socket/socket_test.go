package socket

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

func TestWhatGoesIntoARequest(t *testing.T) {
	t.Parallel()
	kept := &conversation{items: []byte(`{"a":1},{"b":2}`)}
	for name, test := range map[string]struct {
		event string
		base  *conversation
		want  string
	}{
		"nothing before it":    {`{"type":"response.create","model":"g","stream":false,"stream_id":"s","generate":true,"input":[ 1 ],"x":{"y":[1, 2]}}`, &conversation{}, `{"stream":true,"model":"g","x":{"y":[1, 2]},"input":[ 1 ]}`},
		"no input":             {`{"type":"response.create","model":"g"}`, &conversation{}, `{"stream":true,"model":"g"}`},
		"behind another's":     {`{"type":"response.create","previous_response_id":"r","input":"hi"}`, &conversation{behind: `r"`}, `{"stream":true,"previous_response_id":"r\"","input":"hi"}`},
		"behind a strange id":  {`{"type":"response.create","previous_response_id":"r","input":"hi"}`, &conversation{behind: "r\x7f\a\u200b"}, "{\"stream\":true,\"previous_response_id\":\"r\x7f\\u0007\u200b\",\"input\":\"hi\"}"},
		"behind items":         {`{"type":"response.create","previous_response_id":"r","input":[{"c":3}]}`, kept, `{"stream":true,"input":[{"a":1},{"b":2},{"c":3}]}`},
		"text behind items":    {`{"type":"response.create","previous_response_id":"r","input":"hi\n"}`, kept, `{"stream":true,"input":[{"a":1},{"b":2},{"type":"message","role":"user","content":"hi\n"}]}`},
		"nothing behind items": {`{"type":"response.create","previous_response_id":"r","input":[ ]}`, kept, `{"stream":true,"input":[{"a":1},{"b":2}]}`},
		"null behind items":    {`{"type":"response.create","previous_response_id":"r","input":null}`, kept, `{"stream":true,"input":[{"a":1},{"b":2}]}`},
		"items behind both":    {`{"type":"response.create","previous_response_id":"r","input":[3]}`, &conversation{behind: "p", items: []byte("1,2")}, `{"stream":true,"previous_response_id":"p","input":[1,2,3]}`},
	} {
		c, err := read([]byte(test.event))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		parts, err := c.body(test.base)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		size := sizeOf(parts)
		got, _ := io.ReadAll(&parts)
		if string(got) != test.want || size != int64(len(got)) {
			t.Errorf("%s: %s (%d bytes), want %s", name, got, size, test.want)
		}
	}
	c, err := read([]byte(`{"type":"response.create","input":7}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.body(kept); err == nil {
		t.Error("a number went behind items")
	}
}

// Whatever is read as an event, the request made of it is JSON.
func FuzzRequestsAreJSON(f *testing.F) {
	f.Add([]byte(`{"type":"response.create","model":"g","input":[1,{"a":"]"}]}`), true)
	f.Add([]byte(`{"type" : "response.create" , "input" : "x" , "y":{}}`), true)
	f.Add([]byte(`{"input":[ ]}`), true)
	f.Add([]byte(`{}`), false)
	f.Fuzz(func(t *testing.T, event []byte, behind bool) {
		c, err := read(event)
		if err != nil {
			return
		}
		base := &conversation{}
		if behind {
			base.items = []byte(`{"a":1}`)
		}
		parts, err := c.body(base)
		if err != nil {
			return
		}
		text, _ := io.ReadAll(&parts)
		if doc := gjson.ParseBytes(text); !gjson.ValidBytes(text) || !doc.Get("stream").Bool() || behind && doc.Get("input.0.a").Int() != 1 {
			t.Fatalf("%s became %s", event, text)
		}
	})
}

func newMemory(limit, budget int64) (*memory, *atomic.Int64) {
	held := new(atomic.Int64)
	share := body.NewBudget(budget * body.KeyPart).Share(held)
	return &memory{share: &share, limit: limit}, held
}

func TestMemoryKeepsTheLastResponseOfEachLane(t *testing.T) {
	t.Parallel()
	m, held := newMemory(1<<20, 1<<20)
	none := &conversation{}
	m.keep("a", "r1", none, []byte(`1`), []byte(`2`))
	m.keep("a", "r2", m.find("r1"), []byte(`3`), nil)
	if m.find("r1") != nil || string(m.find("r2").items) != "1,2,3" {
		t.Errorf("r1 %v, r2 %s", m.find("r1"), m.find("r2").items)
	}
	m.keep("b", "r3", m.find("r2"), []byte(`4`)) // a fork leaves what it goes on from as it is
	m.keep("a", "r4", m.find("r2"), []byte(`5`))
	if string(m.find("r3").items) != "1,2,3,4" || string(m.find("r4").items) != "1,2,3,5" {
		t.Errorf("r3 %s, r4 %s", m.find("r3").items, m.find("r4").items)
	}
	m.keep("a", "r5", none, []byte(`9`)) // a new one
	if m.find("r4") != nil || string(m.find("r5").items) != "9" {
		t.Errorf("r5 %s", m.find("r5").items)
	}
	m.kept("a", "r6")
	if c := m.find("r6"); c.behind != "r6" || len(c.items) > 0 {
		t.Errorf("%+v", c)
	}
	for i := range 3 * maxLanes {
		m.keep(strings.Repeat("l", i+1), strings.Repeat("x", i+1), none, []byte(`7`))
	}
	if len(m.all) != maxLanes || m.find("r3") != nil {
		t.Errorf("%d lanes are kept", len(m.all))
	}
	if m.release(); held.Load() != 0 {
		t.Errorf("%d bytes are held in the end", held.Load())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	text := []byte(`"` + strings.Repeat("x", 60<<10) + `"`)
	for name, test := range map[string]struct{ limit, budget int64 }{
		"by a request's size": {100 << 10, 1 << 20},
		"by the key's share":  {1 << 20, 20 << 10}, // and 64 KiB more
	} {
		m, held := newMemory(test.limit, test.budget)
		m.keep("", "r1", &conversation{}, text)
		if m.find("r1") == nil {
			t.Fatalf("%s: the first is not kept", name)
		}
		m.keep("", "r2", m.find("r1"), text)
		if m.find("r1") != nil || m.find("r2") != nil || held.Load() != 0 {
			t.Errorf("%s: %d bytes are held of what cannot be sent", name, held.Load())
		}
	}
}

func TestOutputIsWhatTheNextTurnSends(t *testing.T) {
	t.Parallel()
	const (
		created = `{"type":"response.created","response":{"id":"r","store":%}}`
		done    = `{"type":"response.output_item.done","item":`
		message = `{"type":"message","id":"m","role":"assistant","content":[]}`
		sealed  = `{"type":"reasoning","id":"rs","encrypted_content":"x","summary":[]}`
		open    = `{"type":"reasoning","id":"rs","summary":[],"content":[{"type":"reasoning_text","text":"so"}]}`
		lost    = `{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"so"}]}`
	)
	end := func(output string) string {
		return `{"type":"response.completed","response":{"id":"r","status":"completed","output":[` + output + `]}}`
	}
	for name, test := range map[string]struct {
		events []string
		want   string
	}{
		"at the end":             {[]string{done + `{"old":1}}`, end(message + "," + sealed)}, message + "," + sealed},
		"only on the way":        {[]string{done + sealed + "}", done + message + "}", end("")}, sealed + "," + message},
		"open reasoning":         {[]string{end(open + "," + message)}, open + "," + message},
		"reasoning that is lost": {[]string{end(lost + "," + message)}, `{"type":"message","role":"assistant","content":[]}`},
		"nothing":                {[]string{end("")}, ""},
	} {
		o := output{limit: 1 << 20}
		for _, e := range test.events {
			o.see([]byte(e))
		}
		if got := string(o.input()); got != test.want || o.id != "r" || !o.fits() {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	o := output{limit: 1 << 20}
	o.see([]byte(strings.Replace(created, "%", "true", 1)))
	o.see([]byte(done + message + "}"))
	if o.size != 0 {
		t.Error("items of a response that its provider keeps are held")
	}
	o = output{limit: 10}
	o.see([]byte(done + message + "}"))
	if o.see([]byte(end(""))); o.fits() {
		t.Error("a conversation that cannot be sent is kept")
	}
	o = output{}
	o.see([]byte(`{"type":"response.failed","response":{"id":"r"}}`))
	if o.id != "" {
		t.Error("a failed response can be gone on from")
	}
}

// Events come out the same however the stream is cut, each as one message.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	const stream = ": wait\nevent: a\ndata: {\"n\":1}\n\n: c\n\ndata: {\"n\":\r\ndata: 2}\r\n\r\ndata: [DONE]\n\nevent: b\ndata: {\"n\":3}\n\n"
	for size := 1; size <= len(stream); size++ {
		var got []string
		var rest []byte
		for at := 0; at < len(stream); at += size {
			rest = append(rest, stream[at:min(at+size, len(stream))]...)
			for {
				event, more, whole := cut(rest)
				if !whole {
					break
				}
				got = append(got, nOf(event))
				rest = more
			}
		}
		if strings.Join(got, " ") != "1  2  3" || len(rest) > 0 {
			t.Fatalf("cut by %d: %q, left %q", size, got, rest)
		}
	}
}

func TestErrorEventsSayWhatHTTPWould(t *testing.T) {
	t.Parallel()
	header := http.Header{"Retry-After": {"3"}, "Content-Type": {"application/json"}, "X-Request-Id": {"id"}}
	e := gjson.ParseBytes(errorEvent(429, []byte(`{"error":{"message":"m","code":"c"}}`), header, "lane"))
	if e.Get("status").Int() != 429 || e.Get("error.code").Str != "c" || e.Get("headers.retry-after").Str != "3" || e.Get("error.headers.retry-after").Str != "3" ||
		e.Get("headers.content-type").Exists() || e.Get("stream_id").Str != "lane" {
		t.Errorf("%s", e.Raw)
	}
	if e = gjson.ParseBytes(errorEvent(502, []byte(`<html>`), nil, "")); e.Get("error.message").Str != "Bad Gateway" || e.Get("stream_id").Exists() {
		t.Errorf("%s", e.Raw)
	}
}

// nOf is the member n of an event's data; empty: it has none.
func nOf(event []byte) string {
	data, _ := sse.Data(event)
	return gjson.GetBytes(data, "n").Raw
}

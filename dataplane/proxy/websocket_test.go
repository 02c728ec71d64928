package proxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// turns is an upstream of the Responses API that does as it is told, and remembers what it was asked.
type turns struct {
	mu    sync.Mutex
	asked []gjson.Result
	does  func(n int, w http.ResponseWriter, r *http.Request, body gjson.Result)
	url   string
}

// newTurns starts one; does nil: every request is answered well.
func newTurns(t *testing.T, does func(n int, w http.ResponseWriter, r *http.Request, body gjson.Result)) *turns {
	t.Helper()
	if does == nil {
		does = func(n int, w http.ResponseWriter, _ *http.Request, body gjson.Result) { answerTurn(w, n, body, false) }
	}
	u := &turns{does: does}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body := gjson.ParseBytes(text)
		u.mu.Lock()
		u.asked = append(u.asked, body)
		n := len(u.asked)
		u.mu.Unlock()
		u.does(n, w, r, body)
	}))
	t.Cleanup(served.Close)
	u.url = served.URL
	return u
}

func (u *turns) all() []gjson.Result {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]gjson.Result(nil), u.asked...)
}

func (u *turns) last(t *testing.T) gjson.Result {
	t.Helper()
	all := u.all()
	if len(all) == 0 {
		t.Fatal("the provider was asked nothing")
	}
	return all[len(all)-1]
}

// answerTurn is a whole streamed response, the nth of its upstream.
func answerTurn(w http.ResponseWriter, n int, body gjson.Result, stored bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	begin, end := turnEvents(n, body.Get("model").Str, stored)
	_, _ = io.WriteString(w, begin+end)
}

// turnEvents are its events, up to its first text and behind that.
func turnEvents(n int, model string, stored bool) (begin, end string) {
	item := fmt.Sprintf(`{"type":"message","id":"msg_%s%d","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":"turn %d"}]}`, model, n, n)
	doc := func(status, output string) string {
		return fmt.Sprintf(`{"id":"resp_%s%d","object":"response","status":%q,"store":%v,"output":[%s],"usage":{"input_tokens":5,"output_tokens":2,"total_tokens":7}}`, model, n, status, stored, output)
	}
	event := func(typ, rest string) string {
		return "event: " + typ + "\ndata: {\"type\":\"" + typ + "\"," + rest + "}\n\n"
	}
	return event("response.created", `"sequence_number":0,"response":`+doc("in_progress", "")) +
			event("response.output_text.delta", fmt.Sprintf(`"sequence_number":1,"item_id":"m","output_index":0,"content_index":0,"delta":"turn %d"`, n)),
		event("response.output_item.done", `"sequence_number":2,"output_index":0,"item":`+item) +
			event("response.completed", `"sequence_number":3,"response":`+doc("completed", item))
}

// socketRig is a rig that accepts WebSockets, with turns as providers p1, p2...
func socketRig(t *testing.T, config func(*proxy.Config), change func(*nodev1.Snapshot), ups ...*turns) *rig {
	t.Helper()
	models := make([]string, len(ups))
	for i := range ups {
		models[i] = fmt.Sprintf("m%d", i+1)
	}
	return newRig(t, setup{models: models, config: config, snapshot: func(s *nodev1.Snapshot) {
		s.Websocket = &nodev1.WebSocket{MaxConnectionsPerKey: 3}
		for i, u := range ups {
			s.Providers[i].BaseUrl = u.url
		}
		if change != nil {
			change(s)
		}
	}})
}

// client is a WebSocket's client.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func (r *rig) dial() *client {
	r.t.Helper()
	conn, resp, err := r.tryDial("Authorization", "Bearer "+clientKey)
	if err != nil {
		r.t.Fatalf("%v (%+v)", err, resp)
	}
	conn.SetReadLimit(-1)
	r.t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{r.t, conn}
}

func (r *rig) tryDial(header ...string) (*websocket.Conn, *http.Response, error) {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return websocket.Dial(r.t.Context(), r.url+"/v1/responses", &websocket.DialOptions{HTTPHeader: h, HTTPClient: r.served.Client()})
}

func (c *client) send(event string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(event)); err != nil {
		c.t.Fatal(err)
	}
}

// next is the next event.
func (c *client) next() gjson.Result {
	c.t.Helper()
	event, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return event
}

func (c *client) read() (gjson.Result, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	kind, text, err := c.conn.Read(ctx)
	if err != nil {
		return gjson.Result{}, err
	}
	if kind != websocket.MessageText || !json.Valid(text) {
		c.t.Fatalf("no JSON: %q", text)
	}
	return gjson.ParseBytes(text), nil
}

// turn sends an event and reads the answer to its end.
func (c *client) turn(event string) (events []gjson.Result, last gjson.Result) {
	c.t.Helper()
	c.send(event)
	return c.rest()
}

func (c *client) rest() (events []gjson.Result, last gjson.Result) {
	c.t.Helper()
	for {
		last = c.next()
		events = append(events, last)
		switch last.Get("type").Str {
		case "response.completed", "response.incomplete", "response.failed":
			return events, last
		case "error":
			if last.Get("status").Exists() {
				return events, last
			}
		}
	}
}

// closes waits for the end of the connection.
func (c *client) closes(want websocket.StatusCode) {
	c.t.Helper()
	for {
		event, err := c.read()
		if err == nil {
			c.t.Errorf("one more event: %s", event.Raw)
			continue
		}
		if got := websocket.CloseStatus(err); got != want {
			c.t.Errorf("closed with %d (%v), want %d", got, err, want)
		}
		return
	}
}

func wantError(t *testing.T, event gjson.Result, status int64, code string) {
	t.Helper()
	if event.Get("type").Str != "error" || event.Get("status").Int() != status || event.Get("error.code").Str != code || event.Get("error.message").Str == "" {
		t.Errorf("got %s, want the error %s with %d", event.Raw, code, status)
	}
}

const firstTurn = `{"type":"response.create","model":"g","store":false,"input":[{"type":"message","role":"user","content":"one"}],"tools":[]}`

func nextTurn(previous, input string) string {
	return `{"type":"response.create","model":"g","store":false,"previous_response_id":"` + previous + `","input":` + input + `}`
}

// A turn is an ordinary call: the events are those of HTTP, and it is recorded.
func TestATurnOverAWebSocketIsACall(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	events, last := c.turn(`{"type":"response.create","model":"g","stream":false,"generate":true,"store":false,"input":"one","metadata":{"a":"b"}}`)
	var types []string
	for _, e := range events {
		types = append(types, e.Get("type").Str)
	}
	if got := strings.Join(types, " "); got != "response.created response.output_text.delta response.output_item.done response.completed" {
		t.Errorf("events %s", got)
	}
	if last.Get("response.output.0.content.0.text").Str != "turn 1" || last.Get("stream_id").Exists() {
		t.Errorf("ends with %s", last.Raw)
	}
	if got := up.last(t).Raw; got != `{"stream":true,"model":"m1","store":false,"metadata":{"a":"b"},"input":"one"}` {
		t.Errorf("the provider got %s", got)
	}
	call := r.call()
	if call.Outcome != dataplane.OK || call.Endpoint != "/v1/responses" || !call.Stream || call.APIKey != "app" || call.Usage.Input != 5 || call.Usage.Output != 2 || call.Said.Metadata["a"] != "b" {
		t.Errorf("recorded %+v", call)
	}
	if r.proxy.InFlight() != 0 || r.proxy.Sockets() != 1 {
		t.Errorf("%d in flight, %d sockets", r.proxy.InFlight(), r.proxy.Sockets())
	}
}

// A client sends only what is new. No provider knows what was before it, and any may answer.
func TestAConversationGoesOnAtAnotherProvider(t *testing.T) {
	t.Parallel()
	first := newTurns(t, func(n int, w http.ResponseWriter, _ *http.Request, body gjson.Result) {
		if n > 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		answerTurn(w, n, body, false)
	})
	second := newTurns(t, nil)
	r := socketRig(t, nil, nil, first, second)
	c := r.dial()
	_, last := c.turn(firstTurn)
	_, last = c.turn(nextTurn(last.Get("response.id").Str, `[{"type":"function_call_output","call_id":"c","output":"x"}]`))
	if last.Get("response.id").Str != "resp_m21" {
		t.Fatalf("ends with %s", last.Raw)
	}
	asked := second.last(t)
	if asked.Get("previous_response_id").Exists() {
		t.Errorf("the provider is asked for a response that it does not know: %s", asked.Raw)
	}
	input := asked.Get("input").Array()
	if len(input) != 3 || input[0].Get("content").Str != "one" || input[1].Get("id").Str != "msg_m11" || input[2].Get("output").Str != "x" {
		t.Errorf("input %s", asked.Get("input").Raw)
	}
	r.call()
	if call := r.call(); outcomes(call) != "p1:server_error p2:ok" {
		t.Errorf("attempts %s", outcomes(call))
	}
	_, last = c.turn(nextTurn("resp_m21", `"more"`))
	if n := len(second.last(t).Get("input").Array()); n != 5 || last.Get("response.id").Str != "resp_m22" {
		t.Errorf("%d items, then %s", n, last.Raw)
	}
}

// What a provider keeps, it is asked for.
func TestAStoredResponseIsLeftToItsProvider(t *testing.T) {
	t.Parallel()
	up := newTurns(t, func(n int, w http.ResponseWriter, _ *http.Request, body gjson.Result) {
		answerTurn(w, n, body, !body.Get("store").Exists())
	})
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	create := func(previous, more, input string) string {
		_, last := c.turn(`{"type":"response.create","model":"g","previous_response_id":` + previous + more + `,"input":"` + input + `"}`)
		return fmt.Sprintf("%q", last.Get("response.id").Str)
	}
	id := create("null", "", "one")
	id = create(id, "", "two")
	if got := up.last(t); got.Get("previous_response_id").Str != "resp_m11" || got.Get("input").Str != "two" {
		t.Errorf("the provider got %s", got.Raw)
	}
	// One that is not kept goes behind one that is.
	id = create(id, `,"store":false`, "three")
	create(id, `,"store":false`, "four")
	got := up.last(t)
	if input := got.Get("input").Array(); got.Get("previous_response_id").Str != "resp_m12" || len(input) != 3 || input[0].Get("content").Str != "three" || input[2].Get("content").Str != "four" {
		t.Errorf("the provider got %s", got.Raw)
	}
	// One that was not made here goes to the provider as it is; another caller's does not.
	create(`"resp_of_yesterday"`, "", "five")
	if got := up.last(t); got.Get("previous_response_id").Str != "resp_of_yesterday" {
		t.Errorf("the provider got %s", got.Raw)
	}
	_, last := c.turn(`{"type":"response.create","model":"g","previous_response_id":"resp_tlIAAA","input":"x"}`)
	wantError(t, last, 400, "previous_response_not_found")
}

func TestAResponseThatNobodyKeptIsNotFound(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	_, last := c.turn(nextTurn("resp_elsewhere", `"x"`))
	wantError(t, last, 400, "previous_response_not_found")
	if last.Get("error.param").Str != "previous_response_id" || len(up.all()) != 0 {
		t.Errorf("%s, asked %d times", last.Raw, len(up.all()))
	}
	if _, last = c.turn(firstTurn); last.Get("type").Str != "response.completed" {
		t.Errorf("the connection is of no use any more: %s", last.Raw)
	}
	// Only the last response can be gone on from.
	c.turn(nextTurn("resp_m11", `"x"`))
	_, last = c.turn(nextTurn("resp_m11", `"y"`))
	wantError(t, last, 400, "previous_response_not_found")
}

func TestAWarmUpAsksNobody(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	events, last := c.turn(`{"type":"response.create","model":"g","store":false,"generate":false,"input":[{"role":"developer","content":"be brief"}]}`)
	if len(events) != 2 || events[0].Get("type").Str != "response.created" || last.Get("response.usage.total_tokens").Int() != 0 || len(up.all()) != 0 {
		t.Fatalf("%d events, the last %s", len(events), last.Raw)
	}
	id := last.Get("response.id").Str
	_, last = c.turn(nextTurn(id, `[{"role":"user","content":"one"}]`))
	if got := up.last(t).Get("input").Raw; got != `[{"role":"developer","content":"be brief"},{"role":"user","content":"one"}]` {
		t.Errorf("input %s", got)
	}
	if last.Get("type").Str != "response.completed" {
		t.Errorf("ends with %s", last.Raw)
	}
	if call := r.call(); call.Outcome != dataplane.OK || len(r.calls) != 0 {
		t.Errorf("recorded %s, and %d more", call.Outcome, len(r.calls))
	}
}

// Turns run one at a time, in the order in which they came; each event says to which it belongs.
func TestTurnsWaitForEachOther(t *testing.T) {
	t.Parallel()
	asked, goOn := make(chan struct{}), make(chan struct{})
	up := newTurns(t, func(n int, w http.ResponseWriter, _ *http.Request, body gjson.Result) {
		if n == 1 {
			asked <- struct{}{}
			<-goOn
		}
		answerTurn(w, n, body, false)
	})
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	for _, lane := range []string{"a", `b\"`, "a"} {
		c.send(`{"type":"response.create","stream_id":"` + lane + `","model":"g","store":false,"input":"` + lane + `"}`)
		if lane == "a" && len(up.all()) == 0 {
			<-asked
		}
	}
	if n := len(up.all()); n != 1 {
		t.Errorf("%d turns at once", n)
	}
	close(goOn)
	for i, lane := range []string{"a", `b"`, "a"} {
		events, last := c.rest()
		for _, e := range events {
			if e.Get("stream_id").Str != lane {
				t.Errorf("turn %d: %s", i, e.Raw)
			}
		}
		if last.Get("response.id").Str != fmt.Sprintf("resp_m1%d", i+1) {
			t.Errorf("turn %d ends with %s", i, last.Raw)
		}
	}
	// A lane may go on from another's response, which stays.
	c.turn(`{"type":"response.create","stream_id":"c","model":"g","store":false,"previous_response_id":"resp_m13","input":"fork"}`)
	_, last := c.turn(`{"type":"response.create","stream_id":"a","model":"g","store":false,"previous_response_id":"resp_m13","input":"on"}`)
	if input := up.last(t).Get("input").Array(); len(input) != 3 || input[2].Get("content").Str != "on" || last.Get("type").Str != "response.completed" {
		t.Errorf("input %v", input)
	}
}

func TestWhatIsNoTurnIsRefused(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	for _, test := range []struct {
		name, send, code, param string
		status                  int64
	}{
		{"no JSON", `hello`, "invalid_request", "", 400},
		{"an array", `[]`, "invalid_request", "", 400},
		{"more behind it", `{"type":"response.create"} {}`, "invalid_request", "", 400},
		{"no UTF-8", "{\"type\":\"response.create\",\"model\":\"\xff\"}", "invalid_request", "", 400},
		{"no type", `{"model":"g","input":"x"}`, "unknown_event_type", "type", 400},
		{"another event", `{"type":"response.steer","stream_id":"s"}`, "unknown_event_type", "type", 400},
		{"a type twice", `{"type":"response.create","type":"response.create"}`, "invalid_request", "type", 400},
		{"a hidden model", `{"type":"response.create","model":"g","Model":"h"}`, "invalid_request", "model", 400},
		{"no model", `{"type":"response.create","input":"x"}`, "invalid_request", "model", 400},
		{"an unknown model", `{"type":"response.create","model":"none","input":"x"}`, "model_not_found", "model", 404},
		{"in the background", `{"type":"response.create","model":"g","background":true,"input":"x"}`, "invalid_request", "background", 400},
		{"an empty lane", `{"type":"response.create","stream_id":"","model":"g"}`, "invalid_request", "stream_id", 400},
		{"a long lane", `{"type":"response.create","stream_id":"` + strings.Repeat("x", 257) + `","model":"g"}`, "invalid_request", "stream_id", 400},
		{"a previous number", `{"type":"response.create","model":"g","previous_response_id":7}`, "invalid_request", "previous_response_id", 400},
		{"a warm-up without items", `{"type":"response.create","model":"g","generate":false,"input":7}`, "invalid_request", "input", 400},
	} {
		_, last := c.turn(test.send)
		if wantError(t, last, test.status, test.code); t.Failed() || last.Get("error.param").Str != test.param {
			t.Fatalf("%s: %s", test.name, last.Raw)
		}
		if strings.Contains(test.send, `"s"`) && last.Get("stream_id").Str != "s" {
			t.Errorf("%s: %s", test.name, last.Raw)
		}
	}
	_, last := c.turn(`{"type":"response.create","model":"none","input":"x"}`)
	if last.Get("headers.x-request-id").Str == "" || last.Get("headers.content-type").Exists() {
		t.Errorf("headers %s", last.Get("headers").Raw)
	}
	c.send(`{"type":"response.processed","response_id":"x"}`) // needs no answer
	if _, last = c.turn(firstTurn); last.Get("type").Str != "response.completed" || len(up.all()) != 1 {
		t.Errorf("ends with %s, the provider was asked %d times", last.Raw, len(up.all()))
	}
	if err := c.conn.Write(t.Context(), websocket.MessageBinary, []byte(firstTurn)); err != nil {
		t.Fatal(err)
	}
	c.closes(websocket.StatusUnsupportedData)
}

func TestAMessageIsAsLargeAsARequestMayBe(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, func(c *proxy.Config) { c.MaxBody = 4096 }, nil, up)
	c := r.dial()
	sized := func(n int) string {
		return `{"type":"response.create","model":"g","store":false,"input":"` + strings.Repeat("x", n) + `"}`
	}
	if _, last := c.turn(sized(3000)); last.Get("type").Str != "response.completed" {
		t.Fatal(last.Raw)
	}
	// Together with what was before it, it would be too large for the provider too.
	_, last := c.turn(nextTurn("resp_m11", `"`+strings.Repeat("y", 1500)+`"`))
	wantError(t, last, 413, "request_too_large")
	_, last = c.turn(sized(5000))
	wantError(t, last, 413, "request_too_large")
	c.closes(websocket.StatusMessageTooBig)
	r.holdsNothing()
}

// By default a body may be as large as all that a key may hold: a message, the request that is made of
// it and what is kept of it count once.
func TestAMessageOfNearlyAllThatAKeyMayHold(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, func(c *proxy.Config) { c.MaxBodies = 64 << 20 }, nil, up) // one body: 8 MiB
	c := r.dial()
	text := strings.Repeat("x", 15<<19)
	_, last := c.turn(`{"type":"response.create","model":"g","store":false,"input":"` + text + `"}`)
	if last.Get("type").Str != "response.completed" {
		t.Fatalf("the first turn ends with %.300s", last.Raw)
	}
	if _, last = c.turn(nextTurn(last.Get("response.id").Str, `"more"`)); last.Get("type").Str != "response.completed" {
		t.Fatalf("the second turn ends with %.300s", last.Raw)
	}
	if got := up.last(t).Get("input.0.content").Str; len(got) != len(text) {
		t.Errorf("%d bytes came", len(got))
	}
	_ = c.conn.Close(websocket.StatusNormalClosure, "")
	r.holdsNothing()
}

// What a connection holds counts as what requests hold does, and is given back.
func TestAConversationCountsAsHeld(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, func(c *proxy.Config) { c.MaxBody, c.MaxBodies = 400<<10, 32<<20 }, nil, up)
	c := r.dial()
	text := strings.Repeat("x", 300<<10)
	_, last := c.turn(`{"type":"response.create","model":"g","store":false,"input":"` + text + `"}`)
	r.holds("300 KiB", func(used int64) bool { return used >= 300<<10 && used < 400<<10 })
	c.turn(nextTurn(last.Get("response.id").Str, `"more"`))
	if got := up.last(t).Get("input.0.content").Str; len(got) != len(text) {
		t.Errorf("%d bytes came", len(got))
	}
	_ = c.conn.Close(websocket.StatusNormalClosure, "")
	r.holdsNothing()
	if n := r.proxy.Sockets(); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}

func TestWhoMayOpenAWebSocket(t *testing.T) {
	t.Parallel()
	r := socketRig(t, nil, func(s *nodev1.Snapshot) { s.CorsOrigins = []string{"https://app.example"} }, newTurns(t, nil))
	off := newRig(t, setup{models: []string{"ok"}})
	bearer := []string{"Authorization", "Bearer " + clientKey}
	for _, test := range []struct {
		name   string
		rig    *rig
		method string
		path   string
		header []string
		status int
		code   string
	}{
		{"switched off", off, "GET", "/v1/responses", bearer, 426, "upgrade_required"},
		{"another endpoint", r, "GET", "/v1/chat/completions", bearer, 426, "upgrade_required"},
		{"a stored response", r, "GET", "/v1/responses/resp_1", bearer, 426, "upgrade_required"},
		{"no key", r, "GET", "/v1/responses", nil, 401, "invalid_api_key"},
		{"a wrong key", r, "GET", "/responses", []string{"Authorization", "Bearer sk-wrong-0123456789abcd"}, 401, "invalid_api_key"},
		{"another origin", r, "GET", "/v1/responses", append([]string{"Origin", "https://evil.example"}, bearer...), 403, "origin_not_allowed"},
		{"no origin at all", r, "GET", "/v1/responses", append([]string{"Origin", "null"}, bearer...), 403, "origin_not_allowed"},
		{"POST", r, "POST", "/v1/responses", bearer, 405, "method_not_allowed"},
		{"no nonce", r, "GET", "/v1/responses", append([]string{"Sec-WebSocket-Key", "x"}, bearer...), 400, "invalid_handshake"},
		{"an old version", r, "GET", "/v1/responses", append([]string{"Sec-WebSocket-Version", "8"}, bearer...), 400, "invalid_handshake"},
		{"no connection header", r, "GET", "/v1/responses", append([]string{"Connection", "keep-alive"}, bearer...), 400, "invalid_handshake"},
		{"allowed origin", r, "GET", "/v1/responses", append([]string{"Origin", "https://app.example"}, bearer...), 101, ""},
		{"own origin", r, "GET", "/v1/responses/", append([]string{"Origin", r.url}, bearer...), 101, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), test.method, test.rig.url+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			req.Header.Set(name, value)
		}
		for i := 0; i < len(test.header); i += 2 {
			req.Header.Set(test.header[i], test.header[i+1])
		}
		resp, err := test.rig.served.Client().Do(req)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var body []byte
		if resp.StatusCode != http.StatusSwitchingProtocols {
			body, _ = io.ReadAll(resp.Body)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status || resp.Header.Get("X-Request-Id") == "" || resp.Header.Get("Sec-Websocket-Extensions") != "" {
			t.Errorf("%s: %d %s %v", test.name, resp.StatusCode, body, resp.Header)
		} else if test.code != "" && errorCode(t, body) != test.code {
			t.Errorf("%s: %s", test.name, body)
		}
	}
}

func TestAKeyHasOnlySoManyWebSockets(t *testing.T) {
	t.Parallel()
	r := socketRig(t, nil, nil, newTurns(t, nil))
	first := r.dial()
	r.dial()
	r.dial()
	_, resp, err := r.tryDial("Authorization", "Bearer "+clientKey)
	if err == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "1" {
		t.Fatalf("%v, %+v", err, resp)
	}
	if body, _ := io.ReadAll(resp.Body); errorCode(t, body) != "websocket_limit_exceeded" {
		t.Errorf("%s", body)
	}
	_ = first.conn.Close(websocket.StatusNormalClosure, "")
	eventually(t, "one more may come", func() bool { return r.proxy.Sockets() == 2 })
	r.dial()
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

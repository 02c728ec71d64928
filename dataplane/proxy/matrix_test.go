package proxy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	wireapi "github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

var updateDocs = flag.Bool("update", false, "write the matrix of docs/dialects.md")

const (
	matrixFile  = "../../docs/dialects.md"
	matrixBegin = "<!-- The matrix is written by make generate, from what its test saw. -->\n"
	matrixEnd   = "<!-- The matrix ends here. -->\n"
)

// feature is one column: what a client asks, what a provider answers, and what both must have got.
type feature struct {
	name   string
	stream bool
	status int // of the provider's answer; 0: 200
	ask    func(*form.Request)
	answer func(*form.Answer)
	// asked and told look at what the provider was asked and at what the client was told; nil: at nothing.
	asked func(*form.Request) bool
	told  func(*form.Answer) bool
}

const (
	sampleText    = "Hello, wörld: \"quoted\"\n"
	sampleThought = "One moment."
	sampleInput   = `{"city":"Oslo"}`
	samplePNG     = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
	sampleRefusal = "The sample cannot be processed."
)

var features = []feature{
	{name: "plain", told: saysText},
	{name: "stream", stream: true, told: saysText},
	{
		name: "tools",
		ask: func(r *form.Request) {
			r.Tools = []form.Tool{{Name: "get_weather", Description: "Tells the weather.", Schema: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}}}`)}}
			r.Items = append(r.Items,
				form.Item{Role: form.Assistant, Blocks: []form.Block{{Kind: form.ToolCall, Call: &form.Call{ID: "call_1", Name: "get_weather", Input: sampleInput}}}},
				form.Item{Blocks: []form.Block{{Kind: form.ToolResult, Result: &form.Result{CallID: "call_1", Blocks: []form.Block{{Text: "Rain."}}}}}})
		},
		answer: func(a *form.Answer) {
			a.Blocks = []form.Block{{Kind: form.ToolCall, Call: &form.Call{ID: "call_2", Name: "get_weather", Input: sampleInput}}}
			a.Stop.Reason = form.StopTool
		},
		asked: func(r *form.Request) bool {
			return len(r.Tools) == 1 && r.Tools[0].Name == "get_weather" && len(r.Tools[0].Schema) > 0 &&
				anyBlock(r, func(b *form.Block) bool {
					return b.Call != nil && b.Call.Name == "get_weather" && gjson.Get(b.Call.Input, "city").Str == "Oslo"
				}) &&
				anyBlock(r, func(b *form.Block) bool {
					return b.Result != nil && len(b.Result.Blocks) == 1 && strings.Contains(b.Result.Blocks[0].Text, "Rain.")
				})
		},
		told: func(a *form.Answer) bool {
			return len(a.Blocks) == 1 && a.Blocks[0].Call != nil && a.Blocks[0].Call.Name == "get_weather" && gjson.Get(a.Blocks[0].Call.Input, "city").Str == "Oslo"
		},
	},
	{
		name: "thinking",
		ask:  func(r *form.Request) { r.Thinking = form.Thinking{Mode: form.ThinkingOn, Effort: "high"} },
		answer: func(a *form.Answer) {
			a.Blocks = append([]form.Block{{Kind: form.Thought, Text: sampleThought}}, a.Blocks...)
		},
		asked: func(r *form.Request) bool { return r.Thinking.Level() == "high" },
		told: func(a *form.Answer) bool {
			return len(a.Blocks) == 2 && a.Blocks[0].Kind == form.Thought && a.Blocks[0].Text == sampleThought && a.Blocks[1].Text == sampleText
		},
	},
	{
		name: "images",
		ask: func(r *form.Request) {
			r.Items[0].Blocks = append(r.Items[0].Blocks, form.Block{Kind: form.Image, Media: &form.Media{Type: "image/png", Data: samplePNG}})
		},
		asked: func(r *form.Request) bool {
			return anyBlock(r, func(b *form.Block) bool {
				return b.Kind == form.Image && b.Media.Data == samplePNG && b.Media.Type == "image/png"
			})
		},
		told: saysText,
	},
	{name: "errors", status: http.StatusBadRequest},
	{name: "usage", told: func(a *form.Answer) bool { return a.Usage.Told && a.Usage.Input == 11 && a.Usage.Output == 7 }},
}

func saysText(a *form.Answer) bool {
	var text strings.Builder
	for i := range a.Blocks {
		if a.Blocks[i].Kind == form.Text {
			text.WriteString(a.Blocks[i].Text)
		}
	}
	return text.String() == sampleText
}

func anyBlock(r *form.Request, is func(*form.Block) bool) bool {
	for i := range r.Items {
		for k := range r.Items[i].Blocks {
			if is(&r.Items[i].Blocks[k]) {
				return true
			}
		}
	}
	return false
}

// Each client dialect asks a provider of each dialect for each feature, through the proxy. docs/dialects.md shows
// what came of it: what arrived on both sides is yes, or approximated where the call says so.
func TestTheMatrixOfDialects(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	var mu sync.Mutex
	t.Run("pairs", func(t *testing.T) {
		for _, client := range wireapi.Conversations {
			for _, provider := range wireapi.Conversations {
				name := client.API + "-" + provider.API
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					row := matrixRow(t, client, provider)
					mu.Lock()
					defer mu.Unlock()
					rows[name] = row
				})
			}
		}
	})
	var table strings.Builder
	table.WriteString("| client | provider |")
	for _, f := range features {
		table.WriteString(" " + f.name + " |")
	}
	table.WriteString("\n|---|---|" + strings.Repeat("---|", len(features)) + "\n")
	for _, client := range wireapi.Conversations {
		for _, provider := range wireapi.Conversations {
			table.WriteString(rows[client.API+"-"+provider.API])
		}
	}
	doc, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(doc), matrixBegin)
	_, after, ended := strings.Cut(rest, matrixEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the matrix", matrixFile)
	}
	want := before + matrixBegin + "\n" + table.String() + "\n" + matrixEnd + after
	if *updateDocs {
		if err := os.WriteFile(matrixFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(doc) {
		t.Errorf("the matrix in docs/dialects.md is not what was seen here; make generate writes it:\n%s", table.String())
	}
}

func matrixRow(t *testing.T, client, provider *wire.Endpoint) string {
	t.Helper()
	var up sampleUpstream
	served := httptest.NewServer(&up)
	t.Cleanup(served.Close)
	r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].BaseUrl = served.URL + "/v1"
		s.Providers[0].Endpoints = []*nodev1.Endpoint{{Api: provider.API}}
		s.Providers[0].Models[0].MaxOutputTokens = 64000
	}})
	row := "| " + client.API + " | " + provider.API + " |"
	for i := range features {
		row += " " + features[i].cell(t, r, &up, client, provider) + " |"
	}
	return row + "\n"
}

// cell makes the call and says what came of it.
func (f *feature) cell(t *testing.T, r *rig, up *sampleUpstream, client, provider *wire.Endpoint) string {
	t.Helper()
	ask := &form.Request{Dialect: "sample", Model: "g", Stream: f.stream, MaxTokens: 60000, Items: []form.Item{{Blocks: []form.Block{{Text: "Say hello."}}}}}
	if f.ask != nil {
		f.ask(ask)
	}
	ask.NameTools()
	body, err := client.Codec.WriteRequest(ask, form.Target{Model: "g", MaxOutput: 64000, Adaptive: true}, &form.Losses{})
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	of := form.Exchange{Request: ask, Target: form.Target{Model: "m"}, Losses: &form.Losses{}, ID: "answer_1", Created: 1700000000}
	up.prepare(f, provider, of)
	path := "/v1" + client.Path
	if client.InPath {
		path = "/v1beta" + strings.ReplaceAll(client.Place(f.stream), "{model}", "g")
	}
	got := r.do(r.upload(path, clientKey, bytes.NewReader(body)))
	<-r.calls
	if f.status != 0 {
		doc := gjson.Parse(got.body)
		return yes(got.status == f.status && client.Errors.Fits(doc) && wire.ReadError(doc).Message == sampleRefusal)
	}
	if got.status != http.StatusOK {
		t.Logf("%s of %s to %s: %d %s", f.name, client.API, provider.API, got.status, got.body)
		return "no"
	}
	asked, err := provider.Codec.ReadRequest(up.received())
	if err != nil {
		t.Fatalf("%s: the provider got what cannot be read: %v: %s", f.name, err, up.received())
	}
	told := readBack(t, client, of, got.body, f.stream)
	arrived := (f.asked == nil || f.asked(asked)) && (f.told == nil || f.told(told))
	if arrived && strings.Contains(got.header.Get("X-Trunkline-Translated"), "approximated:") {
		return "approximated"
	}
	if !arrived {
		t.Logf("%s of %s to %s did not arrive: %s\nasked %s\ntold %s", f.name, client.API, provider.API, got.header.Get("X-Trunkline-Translated"), up.received(), got.body)
	}
	return yes(arrived)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// readBack reads what a client got.
func readBack(t *testing.T, client *wire.Endpoint, of form.Exchange, body string, stream bool) *form.Answer {
	t.Helper()
	if !stream {
		a, err := client.Codec.ReadAnswer([]byte(body), of)
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return a
	}
	a := &form.Answer{}
	in := client.Codec.NewEventReader(of)
	take := func(events []form.Event) {
		for i := range events {
			switch e := &events[i]; e.Kind {
			case form.BlockBegin:
				a.Blocks = append(a.Blocks, *e.Block)
			case form.Delta:
				a.Blocks[e.Index].Text += e.Text
			case form.Begin, form.BlockEnd, form.Stopped, form.UsageTold, form.End, form.Idle:
			}
		}
	}
	for event := range strings.SplitSeq(body, "\n\n") {
		data, ok := sse.Data([]byte(event))
		if data = bytes.TrimSpace(data); !ok || bytes.Equal(data, sse.Done) {
			continue
		}
		events, err := in.Read(data)
		if err != nil {
			t.Fatalf("%v: %s", err, event)
		}
		take(events)
	}
	take(in.End())
	return a
}

// sampleUpstream answers as a provider of one dialect.
type sampleUpstream struct {
	mu     sync.Mutex
	status int
	media  string
	answer []byte
	got    []byte
}

func (u *sampleUpstream) prepare(f *feature, provider *wire.Endpoint, of form.Exchange) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := &form.Answer{
		Dialect: "sample", ID: "answer_1", Model: "m", Created: 1700000000, Blocks: []form.Block{{Text: sampleText}},
		Stop: form.Stop{Reason: form.StopEnd}, Usage: form.Usage{Told: true, Input: 11, Output: 7},
	}
	if f.answer != nil {
		f.answer(a)
	}
	u.status, u.media = http.StatusOK, "application/json"
	switch {
	case f.status != 0:
		u.status = f.status
		u.answer = provider.Errors.Body(f.status, wire.Error{Message: sampleRefusal, Type: wire.InvalidRequest}, "id")
	case f.stream:
		u.media, u.answer = "text/event-stream", nil
		out := provider.Codec.NewEventWriter(of)
		for _, e := range []form.Event{
			{Kind: form.Begin, ID: a.ID, Model: a.Model, Created: a.Created},
			{Kind: form.BlockBegin, Block: &form.Block{}}, {Kind: form.Delta, Text: sampleText[:5]}, {Kind: form.Delta, Text: sampleText[5:]}, {Kind: form.BlockEnd},
			{Kind: form.Stopped, Stop: a.Stop}, {Kind: form.UsageTold, Usage: a.Usage}, {Kind: form.End},
		} {
			u.answer = append(u.answer, out.Write(&e)...)
		}
	default:
		u.answer = provider.Codec.WriteAnswer(a, of)
	}
}

func (u *sampleUpstream) received() []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.got
}

func (u *sampleUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.got = body; err != nil {
		u.got = fmt.Append(nil, err)
	}
	w.Header().Set("Content-Type", u.media)
	w.WriteHeader(u.status)
	_, _ = w.Write(u.answer) // the client may be gone
}

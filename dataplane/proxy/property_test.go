package proxy_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A random upstream is one behaviour and, sometimes, a second one for the bytes on the wire.
var (
	behaviours = []string{
		"ok", "ok", "tokens-40", "status-500", "status-503", "status-429", "status-429-retry-after-3", "status-400", "status-529",
		"error-invalid_api_key", "error-model_not_found", "error-context_length_exceeded", "error-insufficient_quota",
		"200-error", "200-html", "200-null", "200-empty", "200-malformed", "200-truncated", "redirect",
		"sse-error-first", "sse-error-after-created", "sse-error-mid-2", "sse-error-mid-5-overloaded",
		"empty-stream", "empty-role", "empty-answer", "no-done", "no-finish", "bytes-after-done", "json-for-stream", "sse-for-plain",
		"cut-N", "eof-N", "stall-N", "cut-events-N", "eof-events-N", "stall-events-N", "stall-before", "first-token-20ms", "slow-20ms",
	}
	wires = []string{"", "", "+crlf", "+no-space", "+comments", "+gzip", "+usage-none", "+chunk-1ms"}
)

func randomModel(rnd *rand.Rand, label int) string {
	b := behaviours[rnd.IntN(len(behaviours))]
	limit := 3000
	if strings.Contains(b, "events") {
		limit = 14
	}
	b = strings.Replace(b, "-N", "-"+strconv.Itoa(rnd.IntN(limit)), 1)
	return fmt.Sprintf("%s%s@w%d", b, wires[rnd.IntN(len(wires))], label)
}

// For random behaviours of one to four providers the client sees one whole answer of one
// provider, or a prefix of it with an error behind it, or one error; and the attempts follow
// the order of priority. PROPERTY_SEED repeats a run.
func TestOneAnswerOfOneProviderInOrder(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PROPERTY_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PROPERTY_SEED=%d", seed)
	runs := 240
	if testing.Short() {
		runs = 40
	}
	const lanes = 8
	for lane := range lanes {
		t.Run(strconv.Itoa(lane), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, uint64(lane)))
			for range runs / lanes {
				randomCall(t, rnd)
			}
		})
	}
}

func randomCall(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	var models []string
	for i := range 1 + rnd.IntN(4) {
		models = append(models, randomModel(rnd, i+1))
	}
	var candidates []api
	for _, a := range apis {
		switch a.path {
		case "/chat/completions", "/responses", "/messages", "/embeddings", "/audio/transcriptions", dialects["gemini"]:
			candidates = append(candidates, a)
		}
	}
	a := candidates[rnd.IntN(len(candidates))]
	stream := a.stream != "" && rnd.IntN(3) > 0
	var each []string // that a provider speaks; empty: it is asked as the client asks
	for range models {
		dialect := ""
		if _, converses := dialectOf(a.path); converses {
			dialect = []string{"", "chat", "responses", "messages", "gemini"}[rnd.IntN(5)]
		}
		each = append(each, dialect)
	}
	r := newRig(t, setup{models: models, snapshot: speaks(each...), policy: func(p *nodev1.Policy) {
		p.FirstTokenTimeout = durationpb.New(400 * time.Millisecond)
		p.ResponseTimeout = durationpb.New(400 * time.Millisecond)
		p.StreamIdleTimeout = durationpb.New(400 * time.Millisecond)
		p.StreamTotalTimeout = durationpb.New(3 * time.Second)
	}})
	defer r.served.Close()
	got, call := a.call(t, r, stream)
	story := fmt.Sprintf("%s stream=%v %v %q: call %v, attempts %s, status %d, cut=%v: %s", a.path, stream, models, each, call.Outcome, outcomes(call), got.status, got.cut, got.body)

	// Attempts follow the order; the last candidate may be tried once more.
	for i, at := range call.Attempts {
		want := models[min(i, len(models)-1)]
		if at.Model != want && !(i > 0 && at.Model == call.Attempts[i-1].Model && i == len(call.Attempts)-1) {
			t.Fatalf("attempt %d went to %s: %s", i+1, at.Model, story)
		}
		if at.Outcome == dataplane.OK && i != len(call.Attempts)-1 {
			t.Fatalf("a good attempt was not the last: %s", story)
		}
	}
	// Whatever the client saw is of the last attempt and of no other.
	last := call.Attempts[len(call.Attempts)-1].Model
	if got.status == 200 {
		for _, m := range models {
			if m != last && (strings.Contains(got.body, `"model":"`+m+`"`) || strings.Contains(got.body, `"modelVersion":"`+m+`"`)) {
				t.Fatalf("%s is in the answer of %s: %s", m, last, story)
			}
		}
	}
	switch {
	case got.status != 200:
		a.wantError(t, got, "")
		if got.cut || call.Outcome == dataplane.OK {
			t.Fatalf("an error that was cut, or counts as good: %s", story)
		}
	case !stream:
		if got.cut || call.Outcome != dataplane.OK || !gjson.Valid(got.body) || !gjson.Get(got.body, a.good).Exists() && !strings.HasPrefix(last, "empty-") {
			t.Fatalf("no whole answer: %s", story)
		}
	case call.Outcome == dataplane.OK:
		if got.cut || !endsWell(a, got) {
			t.Fatalf("no proper end: %s", story)
		}
	default:
		if doc := gjson.Parse(got.lastEvent()); got.cut || endsWell(a, got) || !doc.Get("error").Exists() && doc.Get("type").Str != "error" && doc.Get("type").Str != "response.failed" {
			t.Fatalf("no error at the end: %s", story)
		}
	}
}

// dialectOf is the dialect that converses on a path.
func dialectOf(path string) (string, bool) {
	for dialect, at := range dialects {
		if at == path {
			return dialect, true
		}
	}
	return "", false
}

// endsWell reports whether a stream ends as whole ones do.
func endsWell(a api, got answer) bool {
	if got.header.Get("Content-Type") == "application/json" { // some never stream
		return a.path == "/audio/transcriptions" && gjson.Valid(got.body)
	}
	last := got.lastEvent()
	switch a.path {
	case "/chat/completions":
		return last == "[DONE]"
	case "/responses":
		return gjson.Get(last, "type").Str == "response.completed"
	case "/messages":
		return gjson.Get(last, "type").Str == "message_stop"
	case dialects["gemini"]:
		return gjson.Get(last, "candidates.0.finishReason").Str != ""
	}
	return gjson.Get(last, "type").Str == "transcript.text.done"
}

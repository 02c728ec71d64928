package proxy_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// role is what one provider of a random hedged call does, and when.
type role struct {
	name          string
	before, chunk time.Duration // of silence
	words         int
	fails         bool
	want          string // what the client asked
	t             *testing.T
}

// word is the nth thing that it says. It repeats the credential, which the client must not see.
func (p *role) word(n int) string {
	return fmt.Sprintf("<%s %d up-secret-%s-0123456789>", p.name, n, p.name)
}

// heard is what the client must get of it.
func (p *role) heard() string {
	var all strings.Builder
	for n := range p.words {
		secret := "up-secret-" + p.name + "-0123456789"
		all.WriteString(strings.Replace(p.word(n), secret, strings.Repeat("*", len(secret)), 1))
	}
	return all.String()
}

func (p *role) act(w http.ResponseWriter, r *http.Request, body []byte) {
	if !gjson.ValidBytes(body) || gjson.GetBytes(body, "messages.0.content").Str != p.want || gjson.GetBytes(body, "model").Str != "m" {
		p.t.Errorf("%s got a request of %d bytes that is not the client's", p.name, len(body))
	}
	pause := func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}
	pause(p.before)
	stream := bytes.Contains(body, []byte(`"stream":true`))
	switch {
	case p.fails:
		refuses(503, "server_error")(w, r, body)
	case stream:
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n")
		for n := range p.words {
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", p.word(n))
			_ = http.NewResponseController(w).Flush()
			pause(p.chunk)
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	default:
		var all strings.Builder
		for n := range p.words {
			all.WriteString(p.word(n))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, all.String())
	}
}

// Whatever the timing of two attempts under way at once, the client gets exactly one answer: the
// whole one of one provider, or one error when all failed; every provider gets the request whole; and
// nothing stays held. PROPERTY_SEED repeats a run.
func TestOneAnswerWhateverTheTimingOfTheHedge(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PROPERTY_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PROPERTY_SEED=%d", seed)
	runs := 160
	if testing.Short() {
		runs = 40
	}
	const groups = 4
	for group := range groups {
		t.Run(strconv.Itoa(group), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, uint64(group)))
			for range runs / groups {
				hedgedCall(t, rnd)
			}
		})
	}
}

func hedgedCall(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	stream := rnd.IntN(2) == 0
	long := rnd.IntN(8) == 0
	asked := strings.Repeat(fmt.Sprintf("word %d ", rnd.Int()), rnd.IntN(20_000))
	body := fmt.Sprintf(`{"model":"g","stream":%v,"messages":[{"role":"user","content":"%s"}]}`, stream, asked)
	millis := func(most int) time.Duration { return time.Duration(rnd.IntN(most*1000)) * time.Microsecond }
	plays := make([]*role, 2+rnd.IntN(2))
	actors := make([]actor, len(plays))
	for i := range plays {
		p := &role{name: fmt.Sprintf("p%d", i+1), before: millis(12), chunk: millis(2), words: 1 + rnd.IntN(12), fails: rnd.IntN(5) == 0, t: t}
		if long && !stream {
			p.words = 80_000 // more than is held of a plain answer
		}
		p.want = asked
		plays[i], actors[i] = p, p.act
	}
	s := hedgeSetup(t, actors...)
	whole := stream && rnd.IntN(4) == 0
	s.policy = func(p *nodev1.Policy) {
		p.HedgeAfter = durationpb.New(max(millis(8), time.Millisecond))
		if whole {
			p.StreamCommit = "complete"
		}
	}
	at := s.snapshot
	s.snapshot = func(in *nodev1.Snapshot) {
		at(in)
		for _, p := range in.Providers {
			p.Credentials[0].Secret += "-0123456789"
		}
	}
	r := newRig(t, s)
	defer r.served.Close()
	got := r.post(body)
	call := r.call()
	story := fmt.Sprintf("stream=%v whole=%v long=%v attempts %s, status %d, cut %v", stream, whole, long, outcomes(call), got.status, got.cut)

	good := 0
	for _, a := range call.Attempts {
		switch a.Outcome {
		case dataplane.OK:
			good++
		case dataplane.Superseded, dataplane.ServerError:
		default:
			t.Errorf("an attempt ended with %v (%s): %s", a.Outcome, a.Reason, story)
		}
	}
	if len(call.Attempts) > len(plays) {
		t.Errorf("too many attempts: %s", story)
	}
	defer r.holdsNothing()
	if got.status != 200 {
		if good != 0 || got.cut || strings.Contains(outcomes(call), "superseded") {
			t.Errorf("an error although one answered: %s", story)
		}
		got.errorCode(t)
		return
	}
	name := got.header.Get("X-Trunkline-Provider")
	if good != 1 || call.Outcome != dataplane.OK || call.Provider != name || got.cut {
		t.Fatalf("not one good attempt, of %s: %s", name, story)
	}
	heard := gjson.Get(got.body, "choices.0.message.content").Str
	if stream {
		heard = ""
		events := strings.Split(strings.TrimSpace(got.body), "\n\n")
		if events[len(events)-1] != "data: [DONE]" {
			t.Errorf("no end: %s", story)
		}
		for _, e := range events {
			heard += gjson.Get(strings.TrimPrefix(e, "data: "), "choices.0.delta.content").Str
		}
	}
	for _, p := range plays {
		if p.name == name && heard != p.heard() {
			t.Errorf("not the whole answer of %s (%d bytes, want %d): %s\n%.600s", name, len(heard), len(p.heard()), story, heard)
		}
	}
}

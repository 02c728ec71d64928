package proxy

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// piece is some bytes of an upstream's answer and the silence before them.
type piece struct {
	wait time.Duration
	text string
}

// timed is an upstream whose answer comes in pieces, in a bubble's time.
type timed struct {
	canned
	media  string
	pieces []piece
}

func (u *timed) Send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	if _, err := r.Body.(io.WriterTo).WriteTo(io.Discard); err != nil {
		return nil, err
	}
	connected(false)
	body := &timedBody{ctx: r.Context(), left: u.pieces}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {u.media}}, ContentLength: -1, Body: io.NopCloser(body)}, nil
}

type timedBody struct {
	ctx  context.Context
	left []piece
	text string
}

func (b *timedBody) Read(into []byte) (int, error) {
	for b.text == "" {
		if len(b.left) == 0 {
			return 0, io.EOF
		}
		select {
		case <-time.After(b.left[0].wait):
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
		b.text, b.left = b.left[0].text, b.left[1:]
	}
	n := copy(into, b.text)
	b.text = b.text[n:]
	return n, nil
}

// written is a client that notes when what came.
type written struct {
	sink
	start time.Time
	log   []string
}

func (w *written) Write(b []byte) (int, error) {
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		if line != "" {
			w.log = append(w.log, time.Since(w.start).Truncate(time.Second).String()+" "+line)
		}
	}
	return len(b), nil
}

// serve plays one streamed request to upstreams, the first of which come first, and gives
// what the client got, with its times, and the record.
func serve(t *testing.T, path string, change func(*nodev1.Policy), ups ...*timed) ([]string, dataplane.Call) {
	t.Helper()
	var call dataplane.Call
	snapshot := timedSnapshot(t, change, len(ups))
	h := New(Config{
		Snapshot: func() *dataplane.Snapshot { return snapshot },
		Upstream: func(p *dataplane.Provider) engine.Upstream { return ups[p.Name[0]-'a'] },
		Health:   healthy{}, Record: func(c dataplane.Call) { call = c }, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequest(http.MethodPost, "/v1"+path, strings.NewReader(`{"model":"g","stream":true,"stream_format":"sse"}`))
	r.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	r.Header.Set("Content-Type", "application/json")
	w := &written{sink: sink{header: http.Header{}}, start: time.Now()}
	h.ServeHTTP(w, r)
	return w.log, call
}

func timedSnapshot(t *testing.T, change func(*nodev1.Policy), n int) *dataplane.Snapshot {
	t.Helper()
	hour := durationpb.New(time.Hour)
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: hour, MinRatio: 0.2, Cooldown: hour, CooldownMax: hour, MaxAttempts: 5,
		ConnectTimeout: hour, FirstTokenTimeout: durationpb.New(time.Minute), ResponseTimeout: hour, StreamIdleTimeout: durationpb.New(2 * time.Minute),
		TotalTimeout: hour, StreamTotalTimeout: hour, StreamKeepAlive: true, FirstTokenTimeoutMax: durationpb.New(10 * time.Minute),
	}
	if change != nil {
		change(policy)
	}
	hash := apikey.Hash([]byte("pepper"), "sk-test-0123456789abcdef")
	in := &nodev1.Snapshot{
		KeyPepper: []byte("pepper"), Groups: []*nodev1.Group{{Name: "g"}},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:], Groups: []string{"g"}}},
	}
	for i := range n {
		name := string(rune('a' + i))
		in.Providers = append(in.Providers, &nodev1.Provider{
			Name: name, BaseUrl: "http://provider.test/v1", Policy: policy, Models: []*nodev1.Model{{Id: "m"}},
		})
		in.Groups[0].Members = append(in.Groups[0].Members, &nodev1.Member{Provider: name, Model: "m", Priority: int32(i + 1), Weight: 1, Policy: policy})
	}
	s, err := dataplane.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	chatText = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
	chatEnd  = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
)

// The pauses of a stream are filled with comments, before its first token and behind it, and
// no comment is in an event whose halves come apart.
func TestSilenceIsFilledWithComments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, call := serve(t, "/chat/completions", nil, &timed{media: "text/event-stream", pieces: []piece{
			{20 * time.Second, chatText}, {10 * time.Second, chatText},
			{33 * time.Second, chatText[:20]}, {16 * time.Second, chatText[20:]},
			{14 * time.Second, chatEnd},
		}})
		text, end := strings.TrimSpace(chatText), strings.Split(chatEnd, "\n\n")
		want := []string{
			"15s : wait", "20s " + text, "30s " + text, "45s : wait", "1m0s : wait", "1m15s : wait", "1m19s " + text,
			"1m33s " + end[0], "1m33s " + end[1],
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || call.Outcome != dataplane.OK {
			t.Errorf("call %v, got\n%s\nwant\n%s", call.Outcome, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestCommentsAreAPolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		off := func(p *nodev1.Policy) { p.StreamKeepAlive = false }
		got, _ := serve(t, "/chat/completions", off, &timed{media: "text/event-stream", pieces: []piece{{40 * time.Second, chatText}, {40 * time.Second, chatEnd}}})
		if strings.Contains(strings.Join(got, "\n"), ": wait") {
			t.Errorf("comments although they are off: %q", got)
		}
	})
}

// Where a plain answer may come, comments begin once a stream has begun.
func TestCommentsWaitForAStreamWhereNoneMayCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		audio := `data: {"type":"speech.audio.delta","audio":"AAAA"}`
		end := `data: {"type":"speech.audio.done"}`
		got, _ := serve(t, "/audio/speech", nil, &timed{media: "text/event-stream", pieces: []piece{
			{40 * time.Second, audio + "\n\n"}, {20 * time.Second, end + "\n\n"},
		}})
		if want := "40s " + audio + "\n55s : wait\n1m0s " + end; strings.Join(got, "\n") != want {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
		got, call := serve(t, "/audio/speech", nil, &timed{media: "audio/mpeg", pieces: []piece{{40 * time.Second, "sound"}, {40 * time.Second, "and more"}}})
		if strings.Join(got, "\n") != "40s sound\n1m20s and more" || call.Outcome != dataplane.OK {
			t.Errorf("call %v, got %q, want the sound alone", call.Outcome, got)
		}
	})
}

// lifecycle events of the APIs that have them.
const (
	created    = `data: {"type":"response.created","response":{"id":"r"}}` + "\n\n"
	inProgress = `data: {"type":"response.in_progress","response":{"id":"r","reasoning":{"effort":null}}}` + "\n\n"
	withEffort = `data: {"type":"response.in_progress","response":{"id":"r","reasoning":{"effort":"high"}}}` + "\n\n"
	reasoning  = `data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","summary":[]}}` + "\n\n"
	messageOf  = `data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}` + "\n\n"
	completed  = `data: {"type":"response.output_text.delta","delta":"a"}` + "\n\n" + `data: {"type":"response.completed","response":{"output":[]}}` + "\n\n"
	begun      = `data: {"type":"message_start","message":{"content":[]}}` + "\n\n"
	ping       = `data: {"type":"ping"}` + "\n\n"
	thinking   = `data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}` + "\n\n"
	textBlock  = `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n"
	ended      = `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}` + "\n\n" +
		`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}` + "\n\n" + `data: {"type":"message_stop"}` + "\n\n"
)

// A model that tells that it works gets more time for its first token, and one that tells that
// it reasons as much as the policy has for that. Pings tell nothing.
func TestLifecycleEventsLengthenTheWaitForTheFirstToken(t *testing.T) {
	t.Parallel()
	const second, minute = time.Second, time.Minute
	many := func(n int, wait time.Duration, text string) (all []piece) {
		for range n {
			all = append(all, piece{wait, text})
		}
		return all
	}
	then := func(a []piece, more ...piece) []piece { return append(a, more...) }
	for name, c := range map[string]struct {
		path    string
		pieces  []piece
		moves   time.Duration // 0: the first answers
		working time.Duration // as recorded
	}{
		"nothing":                  {"/responses", []piece{{second, created}, {61 * second, completed}}, minute, 0},
		"works once":               {"/responses", []piece{{10 * second, created + inProgress}, {59 * second, completed}}, 0, 10 * second},
		"works, then nothing":      {"/responses", []piece{{10 * second, created + inProgress}, {61 * second, completed}}, 70 * second, 10 * second},
		"works again and again":    {"/responses", then(many(10, 50*second, inProgress), piece{50 * second, completed}), 0, 50 * second},
		"works for too long":       {"/responses", then(many(12, 55*second, inProgress), piece{second, completed}), 10 * minute, 55 * second},
		"reasons":                  {"/responses", []piece{{second, created + inProgress + reasoning}, {9 * minute, completed}}, 0, second},
		"reasons for too long":     {"/responses", []piece{{second, created + reasoning}, {10 * minute, completed}}, 10 * minute, second},
		"is to reason":             {"/responses", []piece{{second, created + withEffort}, {9 * minute, completed}}, 0, second},
		"begins a message":         {"/responses", []piece{{second, created + messageOf}, {61 * second, completed}}, minute, 0},
		"thinks":                   {"/messages", then([]piece{{second, begun + thinking}}, then(many(20, 15*second, ping), piece{second, ended})...), 0, second},
		"begins a text":            {"/messages", []piece{{second, begun + textBlock}, {61 * second, ended}}, minute, 0},
		"pings":                    {"/messages", then([]piece{{second, begun}}, then(many(20, 15*second, ping), piece{second, ended})...), minute, 0},
		"comments":                 {"/responses", then(many(20, 15*second, ": hello\n\n"), piece{second, completed}), minute, 0},
		"roles and comments, chat": {"/chat/completions", then(many(20, 15*second, ": PROCESSING\n\n"), piece{second, chatEnd}), minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				second := &timed{media: "text/event-stream", pieces: []piece{{0, map[string]string{"/responses": completed, "/messages": ended, "/chat/completions": chatText + chatEnd}[c.path]}}}
				_, call := serve(t, c.path, nil, &timed{media: "text/event-stream", pieces: c.pieces}, second)
				first := call.Attempts[0]
				if moved := len(call.Attempts) == 2; moved != (c.moves > 0) || call.Outcome != dataplane.OK {
					t.Fatalf("%d attempts, the first %v after %s, call %v", len(call.Attempts), first.Outcome, first.Duration, call.Outcome)
				}
				if c.moves > 0 && (first.Outcome != dataplane.FirstTokenTimeout || first.Duration != c.moves || (first.Reason != "") != (c.working > 0)) {
					t.Errorf("%v after %s (%s), want first_token_timeout after %s", first.Outcome, first.Duration, first.Reason, c.moves)
				}
				if first.Working != c.working {
					t.Errorf("working since %s, want %s", first.Working, c.working)
				}
			})
		})
	}
}

// The last candidate has no limit for its first token, only one for silence; that of a model
// that reasons is as long as reasoning may take.
func TestTheLastCandidateMayReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		idle := func(p *nodev1.Policy) { p.StreamIdleTimeout = durationpb.New(time.Minute) }
		up := &timed{media: "text/event-stream", pieces: []piece{{time.Second, created + reasoning}, {9 * time.Minute, completed}}}
		if _, call := serve(t, "/responses", idle, up); call.Outcome != dataplane.OK {
			t.Errorf("call %v after %s, want ok", call.Outcome, call.Duration)
		}
		up = &timed{media: "text/event-stream", pieces: []piece{{time.Second, created + messageOf}, {9 * time.Minute, completed}}}
		if _, call := serve(t, "/responses", idle, up); call.Outcome != dataplane.FirstTokenTimeout || call.Duration != 61*time.Second {
			t.Errorf("call %v after %s, want first_token_timeout after 61s", call.Outcome, call.Duration)
		}
	})
}

package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A provider that repeats in a good answer what it was asked with does not tell the client our key.
func TestAnEchoOfTheCredentialIsMasked(t *testing.T) {
	t.Parallel()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := r.Header.Get("Authorization")
		if strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", said)
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, said)
	}))
	t.Cleanup(parrot.Close)
	const secret = "sk-upstream-0123456789"
	r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].BaseUrl = parrot.URL + "/v1"
		s.Providers[0].Credentials[0].Secret = secret
	}})
	for _, stream := range []bool{false, true} {
		got := r.chat(stream)
		if got.status != http.StatusOK || got.cut || strings.Contains(got.body, secret) || !strings.Contains(got.body, "Bearer "+strings.Repeat("*", len(secret))) {
			t.Errorf("stream %t: status %d: %s", stream, got.status, got.body)
		}
	}
}

// One that comes in two pieces of a long answer is found as well, and so is one in the first piece of
// what is relayed at once; of an answer that ends inside of one, the client does not get its beginning.
func TestAnEchoSplitOverTwoReadsIsMasked(t *testing.T) {
	t.Parallel()
	const secret = "sk-upstream-0123456789"
	for name, tt := range map[string]struct {
		path, body, media, start, end string
		cut                           bool
	}{
		"a long plain answer": {
			path: "/chat/completions", body: `{"model":"g","messages":[]}`, media: "application/json",
			start: `{"choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("x", 2<<20), end: `"},"finish_reason":"stop"}]}`,
		},
		"audio":               {path: "/audio/speech", body: `{"model":"g","input":"hi"}`, media: "audio/mpeg", start: "ID3", end: "tail"},
		"an answer that ends": {path: "/audio/speech", body: `{"model":"g","input":"hi"}`, media: "audio/mpeg", start: "ID3", cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 1; at < len(secret); at += 5 {
				parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					w.Header().Set("Content-Type", tt.media)
					flush := http.NewResponseController(w).Flush
					fmt.Fprint(w, tt.start+secret+" "+secret[:at])
					_ = flush()
					if tt.cut {
						panic(http.ErrAbortHandler)
					}
					fmt.Fprint(w, secret[at:]+tt.end)
				}))
				t.Cleanup(parrot.Close)
				parrot.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
				r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
					s.Providers[0].BaseUrl = parrot.URL + "/v1"
					s.Providers[0].Credentials[0].Secret = secret
				}})
				got := r.postTo(tt.path, tt.body)
				stars := strings.Repeat("*", len(secret))
				want := tt.start + stars + " " + stars + tt.end
				if tt.cut {
					want = tt.start + stars + " "
				}
				if got.status != http.StatusOK || got.cut != tt.cut || got.body != want {
					t.Fatalf("split at %d: status %d, cut %v, %d bytes, want %d: ...%s", at, got.status, got.cut, len(got.body), len(want), got.body[max(0, len(got.body)-100):])
				}
			}
		})
	}
}

// A provider that streams it in pieces, as models do words, does not tell it either: in deltas of any
// size, in reasoning that is sent under two names, in typed events, in several pieces of one event, in
// answers and calls that take turns, and where the stream ends inside. What other text it says stays.
func TestAnEchoInSeveralDeltasIsMasked(t *testing.T) {
	t.Parallel()
	const secret, text = "sk-upstream-0123456789", "your key is sk-upstream-0123456789, sk-up or sk-ups-sk-upstream-0123456789 end"
	const masked = "your key is **********************, sk-up or sk-ups-********************** end"
	chat := func(piece string) string {
		return fmt.Sprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", piece)
	}
	thought := func(piece string) string {
		return fmt.Sprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":%q,\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":%[1]q}]}}]}\n\n", piece)
	}
	typed := func(piece string) string {
		return fmt.Sprintf("event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"delta\":%q}\n\n", piece)
	}
	lines := func(piece string) string {
		return fmt.Sprintf("data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":%q}}]}\n\n", piece)
	}
	turns := func(piece string) string {
		return chat(piece) + ": ping\n\n" + strings.ReplaceAll(chat(strings.Repeat("#", len(piece))), `"index":0`, `"index":1`)
	}
	behind := func(piece string) string { // as where the members are sorted
		one := func(piece string, index int) string {
			return fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%q},\"index\":%d}]}\n\n", piece, index)
		}
		return one(piece, 0) + one(strings.Repeat("#", len(piece)), 1)
	}
	calls := func(piece string) string {
		one := func(piece string, index int) string {
			return fmt.Sprintf("{\"index\":%d,\"function\":{\"name\":\"\",\"arguments\":%q}}", index, piece)
		}
		return "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[" + one(piece, 0) + "," + one(strings.Repeat("#", len(piece)), 1) + "]}}]}\n\n"
	}
	many := func(piece string) string { // of one event
		parts := make([]string, 0, 20)
		for range 19 {
			parts = append(parts, "{\"text\":\"\"}")
		}
		for rest := piece; rest != ""; rest = rest[min(2, len(rest)):] {
			parts = append(parts, fmt.Sprintf("{\"type\":\"text\",\"text\":%q}", rest[:min(2, len(rest))]))
		}
		return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[" + strings.Join(parts, ",") + "]}}]}\n\n"
	}
	const stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	for name, tt := range map[string]struct {
		path, end string
		event     func(string) string
		said      string
		want      string
		times     int // that the text is told
	}{
		"chat":             {"/chat/completions", stop, chat, text, masked, 1},
		"reasoning":        {"/chat/completions", stop, thought, text, masked, 2},
		"responses":        {"/responses", "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n", typed, text, masked, 1},
		"lines":            {"/chat/completions", stop, lines, text, masked, 1},
		"turns":            {"/chat/completions", stop, turns, text, masked, 1},
		"an index behind":  {"/chat/completions", stop, behind, text, masked, 1},
		"calls":            {"/chat/completions", stop, calls, text, masked, 1},
		"many in an event": {"/chat/completions", stop, many, text, masked, 1},
		"an end inside":    {"/chat/completions", stop, chat, "it is sk-upstream-0123", "it is ****************", 1},
		"a cut inside":     {"/chat/completions", "", chat, "it is sk-upstream-0123", "it is ****************", 1},
		"a public prefix":  {"/chat/completions", stop, chat, "keys begin with sk-ups", "keys begin with sk-ups", 1},
	} {
		for _, size := range []int{1, 3, 7, 100} {
			t.Run(fmt.Sprintf("%s by %d", name, size), func(t *testing.T) {
				t.Parallel()
				var events []string
				for rest := tt.said; rest != ""; rest = rest[min(size, len(rest)):] {
					events = append(events, tt.event(rest[:min(size, len(rest))]))
				}
				got := echoed(t, secret, tt.path, append(events, tt.end)...)
				want := tt.want
				if tt.times == 2 { // piece by piece under both names
					want = ""
					for at := 0; at < len(tt.want); at += size {
						piece := tt.want[at:min(at+size, len(tt.want))]
						want += piece + piece
					}
				}
				if want = loosen(want, got, tt.times); got != want {
					t.Errorf("the client read %q, want %q", got, want)
				}
			})
		}
	}
}

// Of pieces of one event that end a secret, only what belongs to it is overwritten.
func TestAnEchoInPiecesOfOneEventLeavesOtherText(t *testing.T) {
	t.Parallel()
	const stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	got := echoed(t, "sk-upstream-0123456789", "/chat/completions",
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"Use the prefix sk-u\"}]}}]}\n\n",
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"nfortunately not: sk-upstream-012345\"},{\"type\":\"text\",\"text\":\"6789 end\"}]}}]}\n\n", stop)
	if want := "Use the prefix sk-unfortunately not: ********************** end"; got != want {
		t.Errorf("the client read %q, want %q", got, want)
	}
}

// echoed is the text of the first answer that the client reads of a stream of these events.
func echoed(t *testing.T, secret, path string, events ...string) string {
	t.Helper()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range events {
			fmt.Fprint(w, event)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(parrot.Close)
	r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].BaseUrl = parrot.URL + "/v1"
		s.Providers[0].Credentials[0].Secret = secret
	}})
	got := r.postTo(path, `{"model":"g","stream":true,"messages":[],"input":"hi"}`)
	var told strings.Builder
	for _, m := range echoPieces.FindAllStringSubmatch(got.body, -1) {
		if !strings.HasPrefix(m[1], "#") {
			told.WriteString(m[1])
		}
	}
	return told.String()
}

var echoPieces = regexp.MustCompile(`"(?:content|reasoning|text|delta|arguments)":"([^"]*)"`)

// loosen accepts the first bytes of a secret, which many begin with, as they are; not more.
func loosen(want, told string, times int) string {
	out := []byte(want)
	for i, run := 0, 0; i < min(len(out), len(told)); i++ {
		if out[i] != '*' {
			run = 0
			continue
		}
		if run++; run <= 11*times && strings.IndexByte("sk-upstream", told[i]) >= 0 {
			out[i] = told[i]
		}
	}
	return string(out)
}

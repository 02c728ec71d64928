package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const otherKey = "sk-test-other"

// newSharedRig serves two keys, with so many bytes for each.
func newSharedRig(t *testing.T, share int64, more func(*proxy.Config)) *rig {
	t.Helper()
	return newRig(t, setup{
		models: []string{"ok"},
		config: func(c *proxy.Config) {
			c.MaxBodies = 8 * share
			if more != nil {
				more(c)
			}
		},
		snapshot: func(s *nodev1.Snapshot) {
			hash := apikey.Hash(s.KeyPepper, otherKey)
			s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "other", Hash: hash[:], Groups: []string{"g"}})
		},
	})
}

// holds waits until so many bytes are held, and fails if that does not come to be.
func (r *rig) holds(what string, is func(used int64) bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		used := r.proxy.Memory().Used
		if is(used) {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("%d bytes are held, want %s", used, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *rig) holdsNothing() {
	r.t.Helper()
	r.holds("none", func(used int64) bool { return used == 0 })
}

// sized is a chat request of so many bytes.
func sized(n int) string {
	const start, end = `{"model":"g","messages":[],"x":"`, `"}`
	return start + strings.Repeat("a", n-len(start)-len(end)) + end
}

// A length that is only announced takes nothing from anybody, and slow bodies of one key leave
// others unaffected.
func TestAnnouncedLengthsHoldNothing(t *testing.T) {
	t.Parallel()
	r := newSharedRig(t, 4<<20, nil)
	conns := make([]net.Conn, 0, 33)
	for range 33 { // 132 MiB announced
		conns = append(conns, r.raw(head(4<<20)+`{"model":"g"`))
	}
	const each = 17 << 10
	r.holds("a buffer for each", func(used int64) bool { return used > 33*12 && used <= 33*each })
	for _, secret := range []string{otherKey, clientKey} { // the key's own calls too
		if got := r.post(sized(400<<10), "Authorization", "Bearer "+secret); got.status != 200 {
			t.Errorf("%s: status %d: %s", secret, got.status, got.body)
		}
		r.call()
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	for range conns {
		if c := r.call(); c.Outcome != dataplane.ClientClosed {
			t.Errorf("an upload ended with %v", c.Outcome)
		}
	}
	r.holdsNothing()
}

// One key holds an eighth of all at most, and is told so; others are served meanwhile.
func TestOneKeyHoldsItsPart(t *testing.T) {
	t.Parallel()
	r := newSharedRig(t, 1<<20, nil)
	most := sized(1 << 20)
	first := r.raw(head(len(most)) + most[:len(most)-1])
	r.holds("1 MiB", func(used int64) bool { return used > 1<<20 })
	for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
		req := r.upload(path, clientKey, strings.NewReader(sized(100<<10)))
		got := r.do(req)
		if got.status != 429 || got.header.Get("Retry-After") != "1" || !strings.Contains(got.body, "'app' has too many large requests in flight: together they may hold 1048576 bytes") {
			t.Fatalf("%s: status %d: %s", path, got.status, got.body)
		}
		if path == "/v1/messages" != strings.Contains(got.body, `{"type":"error"`) {
			t.Errorf("%s: not in the client's dialect: %s", path, got.body)
		}
		if path != "/v1/messages" && got.errorCode(t) != "request_memory_exceeded" {
			t.Error(got.body)
		}
		if c := r.call(); c.Outcome != dataplane.KeyLimited || c.Status != 429 {
			t.Errorf("recorded %v, %d", c.Outcome, c.Status)
		}
	}
	if small := r.chat(false); small.status != 200 { // what buffers have on top leaves room for a few
		t.Errorf("a small one: %d %s", small.status, small.body)
	}
	r.call()
	if got := r.post(most, "Authorization", "Bearer "+otherKey); got.status != 200 {
		t.Errorf("another key: %d %s", got.status, got.body)
	}
	r.call()
	if u := r.proxy.Memory(); u.RefusedShare != 2 || u.Refused != 0 {
		t.Errorf("%+v", u)
	}
	if _, err := io.WriteString(first, most[len(most)-1:]); err != nil {
		t.Fatal(err)
	}
	if c := r.call(); c.Status != 200 {
		t.Errorf("the first ended with %v", c.Outcome)
	}
	if got := r.post(sized(100 << 10)); got.status != 200 {
		t.Errorf("what the first held was not given back: %d %s", got.status, got.body)
	}
	r.holdsNothing()
}

// All keys together hold no more than there is.
func TestAllKeysHoldNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	secret := func(i int) string { return fmt.Sprintf("sk-test-%d", i) }
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBodies = 8 << 20 }, snapshot: func(s *nodev1.Snapshot) {
		for i := range 8 {
			hash := apikey.Hash(s.KeyPepper, secret(i))
			s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: secret(i), Hash: hash[:], Groups: []string{"g"}})
		}
	}})
	body := sized(1 << 20) // whose buffer is a little larger
	for i := range 7 {
		r.raw(strings.ReplaceAll(head(len(body)), clientKey, secret(i)) + body[:len(body)-1])
	}
	r.holds("seven eighths", func(used int64) bool { return used > 7<<20 })
	got := r.post(body, "Authorization", "Bearer "+secret(7))
	if got.status != 503 || got.errorCode(t) != "gateway_busy" || got.header.Get("Retry-After") != "1" {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	if u := r.proxy.Memory(); u.Refused != 1 || u.RefusedShare != 0 {
		t.Errorf("%+v", u)
	}
}

func (r *rig) upload(path, secret string, body io.Reader, header ...string) *http.Request {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// However a body ends, nothing of it stays counted.
func TestNothingStaysCounted(t *testing.T) {
	t.Parallel()
	r := newSharedRig(t, 4<<20, func(c *proxy.Config) { c.MaxBody, c.BodyWindow = 1<<20, time.Second })
	chunked := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) } // of no known length
	random := make([]byte, 300<<10)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = "0123456789abcdef"[source.IntN(16)]
	}
	text := `{"model":"g","messages":[],"x":"` + string(random) + `"}`
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("model", "g")
	file, _ := w.CreateFormFile("file", "a.mp3")
	_, _ = file.Write(random)
	_ = w.Close()
	requests := map[string]*http.Request{
		"whole":                  r.upload("/v1/chat/completions", clientKey, strings.NewReader(text)),
		"in chunks":              r.upload("/v1/chat/completions", clientKey, chunked(text)),
		"in chunks, too large":   r.upload("/v1/chat/completions", clientKey, chunked(sized(2<<20))),
		"no JSON":                r.upload("/v1/chat/completions", clientKey, strings.NewReader(text[1:])),
		"no such model":          r.upload("/v1/chat/completions", clientKey, strings.NewReader(strings.Replace(text, `"g"`, `"h"`, 1))),
		"gzip":                   r.upload("/v1/chat/completions", clientKey, bytes.NewReader(gzipped(t, []byte(text))), "Content-Encoding", "gzip"),
		"gzip, cut":              r.upload("/v1/chat/completions", clientKey, bytes.NewReader(gzipped(t, []byte(text))[:90<<10]), "Content-Encoding", "gzip"),
		"gzip, too large":        r.upload("/v1/chat/completions", clientKey, bytes.NewReader(gzipped(t, bytes.Repeat(random, 5))), "Content-Encoding", "gzip"),
		"zstd":                   r.upload("/v1/chat/completions", clientKey, bytes.NewReader(zstandard(t, []byte(text))), "Content-Encoding", "zstd"),
		"zstd, cut":              r.upload("/v1/chat/completions", clientKey, bytes.NewReader(zstandard(t, []byte(text))[:90<<10]), "Content-Encoding", "zstd"),
		"zstd, window too large": r.upload("/v1/chat/completions", clientKey, bytes.NewReader(windowed(t, []byte(text), 8<<20)), "Content-Encoding", "zstd"),
		"a form":                 r.upload("/v1/audio/transcriptions", clientKey, bytes.NewReader(form.Bytes()), "Content-Type", w.FormDataContentType()),
		"a form, cut":            r.upload("/v1/audio/transcriptions", clientKey, bytes.NewReader(form.Bytes()[:290<<10]), "Content-Type", w.FormDataContentType()),
	}
	for what, req := range requests {
		got := r.do(req)
		if c := r.call(); c.Status != got.status {
			t.Errorf("%s: status %d, recorded %d", what, got.status, c.Status)
		}
		t.Log(what, got.status)
		r.holdsNothing()
	}
	// A length that does not come, and one that comes too slowly.
	conn := r.raw(head(200_000) + text[:100_000])
	_ = conn.(*net.TCPConn).CloseWrite()
	r.call()
	r.holdsNothing()
	r.raw(head(200_000) + text[:1000])
	if c := r.call(); c.Status != 408 {
		t.Errorf("slow: %d", c.Status)
	}
	r.holdsNothing()
	// Aborted in the middle, in chunks.
	conn = r.raw(head(-1, "Transfer-Encoding: chunked") + "186A0\r\n" + text[:50_000])
	r.holds("something", func(used int64) bool { return used > 0 })
	_ = conn.Close()
	r.call()
	r.holdsNothing()
	if held := r.heldBy("app"); held != 0 {
		t.Errorf("%d bytes stay counted for the key", held)
	}
}

// A request that is over a limit is refused before its body is read.
func TestLimitsAreJudgedBeforeTheBody(t *testing.T) {
	t.Parallel()
	for what, restrict := range map[string]func(*nodev1.ApiKey){
		"requests":    func(k *nodev1.ApiKey) { k.RequestsPerMinute = 1 },
		"concurrency": func(k *nodev1.ApiKey) { k.Concurrency = 1 },
		"budget":      func(k *nodev1.ApiKey) { k.Budget, k.BudgetPeriod = 1, "day" },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newLimitedRig(t, []string{"ok"}, restrict)
			switch what {
			case "concurrency": // a body that is still on its way is a call in flight
				r.raw(head(1000) + `{"model":`)
				r.holds("the first", func(used int64) bool { return used > 0 })
			default:
				if got := r.chat(false); got.status != 200 {
					t.Fatalf("status %d: %s", got.status, got.body)
				}
				r.call()
			}
			before := r.proxy.Memory().Used
			conn := r.raw(head(1 << 20)) // and no body
			answer := make([]byte, 12)
			if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 429" {
				t.Fatalf("%v: %q", err, answer)
			}
			if c := r.call(); c.Status != 429 || c.Model != "" {
				t.Errorf("recorded %d for %q", c.Status, c.Model)
			}
			if used := r.proxy.Memory().Used; used > before {
				t.Errorf("%d bytes are held, %d before", used, before)
			}
		})
	}
}

// What is refused before it is sent anywhere counts for no limit, also when its body was read
// or never came.
func TestARefusedCallDoesNotCount(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"ok"}, func(k *nodev1.ApiKey) { k.RequestsPerMinute, k.TokensPerMinute, k.Concurrency = 2, 1000, 1 })
	for range 5 {
		for _, body := range []string{`{`, `{"model":"nope"}`} {
			got := r.post(body)
			if got.status == 200 || got.status == 429 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			wantHeaders(t, got.header, map[string]string{"X-Ratelimit-Remaining-Requests": "2", "X-Ratelimit-Remaining-Tokens": "1000"})
			r.call()
		}
		conn := r.raw(head(1000) + `{"model":`)
		_ = conn.Close()
		if c := r.call(); c.Outcome != dataplane.ClientClosed {
			t.Fatalf("%v", c.Outcome)
		}
	}
	if got := r.chat(false); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	r.call()
	if got := r.post(`{"model":"g","max_tokens":990,"messages":[{"role":"user","content":"hi"}]}`); got.status != 429 || !strings.Contains(got.body, "tokens per minute") {
		t.Fatalf("status %d: %s", got.status, got.body)
	} else {
		wantHeaders(t, got.header, map[string]string{"X-Ratelimit-Remaining-Requests": "1"})
	}
	r.call()
	if got := r.chat(false); got.status != 200 { // a call that was over the tokens is no request either
		t.Fatalf("status %d: %s", got.status, got.body)
	}
}

package faults

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	mib = 1 << 20
	// maxBody is what the nodes of this file take of a request.
	maxBody = 4 * mib
)

// T-X3: bodies that are huge, or become so when they are decompressed, come from clients
// and from an upstream. They are refused early, or passed on without being held, and
// everybody else is served.
func TestBombsAndEndlessBodies(t *testing.T) {
	t.Parallel()
	rounds, inflated := 1, 80 // MiB; more than the largest answer of 64 MiB
	if long {
		rounds, inflated = 10, 1024
	}
	bomb := gzipBomb(t, inflated)
	upstream := httptest.NewServer(bomber(bomb))
	t.Cleanup(upstream.Close)
	kinds := []string{"plain", "stream", "line", "error", "200-error"}
	config := fmt.Sprintf("kind: Provider\nname: bomber\nbase_url: %s\nallow_private_network: true\ncredentials: [{name: main, secret: x}]\nmodels:\n", upstream.URL)
	var groups, names string
	for _, k := range kinds {
		config += fmt.Sprintf("  - {id: bomb-%s, price: {input: \"1\", output: \"2\"}}\n", k)
		groups += group(k, "bomber/bomb-"+k, "backup/ok")
		names += k + ", "
	}
	f := newFleet(t, setup{noRedis: true, config: config + "---\n" + provider("backup", "ok") + groups + group("g", "backup/ok") +
		keys(names+"g") + failover("failure_threshold: 100000"),
		env: []string{"TRUNKLINE_MAX_BODY_BYTES=" + strconv.Itoa(maxBody), "TRUNKLINE_MAX_BODIES_BYTES=" + strconv.Itoa(16*maxBody)}})
	c, others := f.client(t, appKey), f.client(t, otherKey).steadily(t, 20, "g")
	memory := f.memory(t)
	var most atomic.Int64 // bytes that a node took of an endless body
	var wg sync.WaitGroup
	for round := range rounds {
		for n, refused := range []struct {
			what, encoding string
			body           []byte // nil: 5 GiB
			status         int
		}{
			{"a gzip bomb", "gzip", bomb, http.StatusRequestEntityTooLarge},
			{"a zstd bomb", "zstd", zstdBomb(t, inflated), http.StatusRequestEntityTooLarge},
			{"a bomb in a bomb", "gzip, gzip", bomb, http.StatusUnsupportedMediaType},
			{"5 GiB in chunks", "", nil, http.StatusRequestEntityTooLarge},
			{"5 GiB in chunks, in gzip that does not compress", "gzip", nil, http.StatusRequestEntityTooLarge},
		} {
			for range 4 { // at once
				wg.Go(func() {
					status, err := http.StatusTooManyRequests, error(nil)
					// The key may hold two of them at a time: the others come again.
					for end := time.Now().Add(patience); status == http.StatusTooManyRequests && err == nil && time.Now().Before(end); {
						body := &counted{src: bytes.NewReader(refused.body)}
						if refused.body == nil {
							body.src = endless(t, refused.encoding)
						}
						status, err = upload(t.Context(), c.urls[(n+round)%3], refused.encoding, body)
						most.Store(max(most.Load(), body.n.Load()))
					}
					if err != nil || status != refused.status {
						t.Errorf("%s: status %d, %v, want %d", refused.what, status, err, refused.status)
					}
				})
			}
		}
		for _, k := range kinds {
			for _, stream := range []bool{false, true} {
				wg.Go(func() {
					// What can be judged before its end is answered by the next provider; what
					// has begun ends with an error event or is cut, and never looks whole.
					d := c.drain(t.Context(), round, k, stream)
					whole := d.status == http.StatusOK && d.provider == "backup" && d.err == nil
					cut := d.status == http.StatusOK && d.provider == "bomber" && (d.err != nil || d.failed) && d.size <= 65*mib
					if !whole && !cut {
						t.Errorf("upstream's bomb, %s, stream %v: %+v", k, stream, d)
					}
				})
			}
		}
		wg.Wait()
	}
	others.more(t, 5)
	for _, a := range others.end() {
		if !a.good() {
			t.Errorf("somebody else was told: %v", a)
		}
	}
	// Behind its refusal a node takes up to 256 MiB, so that the client gets to read that; how soon it does is the
	// machine's doing.
	if n := most.Load(); n > maxBody+(256+16)*mib {
		t.Errorf("%d bytes of an endless body were taken", n)
	}
	wantGrowth(t, memory, 128*mib)
	t.Logf("figures: at most %.1f MiB of an endless body were taken", float64(most.Load())/mib)
}

// gzipBomb is a JSON document with so many MiB of text, as gzip in many members.
func gzipBomb(t *testing.T, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	out.Write(member(t, gzip.BestCompression, `{"model":"g","messages":[{"role":"user","content":"`))
	filler := member(t, gzip.BestCompression, strings.Repeat("a", mib))
	for range size {
		out.Write(filler)
	}
	out.Write(member(t, gzip.BestCompression, `"}]}`))
	return out.Bytes()
}

// member is one of the parts that gzip may be made of.
func member(t *testing.T, level int, text string) []byte {
	t.Helper()
	var m bytes.Buffer
	z, err := gzip.NewWriterLevel(&m, level)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return m.Bytes()
}

func zstdBomb(t *testing.T, size int) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := z.EncodeAll([]byte(`{"model":"g","x":"`), nil)
	frame := z.EncodeAll(bytes.Repeat([]byte("a"), mib), nil)
	for range size {
		out = append(out, frame...)
	}
	return out
}

// endless is a JSON document that does not end for 5 GiB.
func endless(t *testing.T, encoding string) io.Reader {
	t.Helper()
	head, more := []byte(`{"model":"g","x":"`), bytes.Repeat([]byte("a"), mib)
	if encoding == "gzip" {
		head, more = member(t, gzip.NoCompression, string(head)), member(t, gzip.NoCompression, string(more))
	}
	return io.MultiReader(bytes.NewReader(head), io.LimitReader(&again{block: more}, 5<<30))
}

// again reads the same over and over.
type again struct {
	block []byte
	at    int
}

// Read reads on.
func (a *again) Read(b []byte) (int, error) {
	n := copy(b, a.block[a.at:])
	a.at = (a.at + n) % len(a.block)
	return n, nil
}

// counted counts what was read of a body.
type counted struct {
	src io.Reader
	n   atomic.Int64
}

// Read reads on.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.src.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// upload sends a body in chunks, as long as the node takes it, and reads the answer that
// may come before its end.
func upload(ctx context.Context, url, encoding string, body io.Reader) (status int, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostOf(url))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	head := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + appKey + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
	if encoding != "" {
		head += "Content-Encoding: " + encoding + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return 0, err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		buf := make([]byte, 64<<10)
		for {
			n, err := body.Read(buf)
			if n > 0 {
				if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", n, buf[:n]); err != nil {
					return // it has answered, and takes no more
				}
			}
			if err != nil {
				_, _ = io.WriteString(conn, "0\r\n\r\n")
				return
			}
		}
	}()
	defer func() {
		conn.Close()
		<-sent
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func hostOf(url string) string {
	return strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/v1")
}

// drained is an answer of which only the size was kept.
type drained struct {
	status   int
	provider string
	size     int64
	failed   bool // it ends with an error event
	err      error
}

// drain makes a call and counts its answer without keeping more than its end.
func (c *client) drain(ctx context.Context, n int, model string, stream bool) (d drained) {
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[]}`, model, stream)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.urls[n%3]+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return drained{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := c.http.Do(req)
	if err != nil {
		return drained{err: err}
	}
	defer resp.Body.Close()
	d.status, d.provider = resp.StatusCode, resp.Header.Get("X-Trunkline-Provider")
	var end tail
	d.size, d.err = io.Copy(&end, resp.Body)
	d.failed = bytes.Contains(end, []byte(`{"error":`)) && !bytes.Contains(end, []byte("[DONE]"))
	return d
}

// tail keeps the last KiB of what is written to it, at least.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b[max(0, len(b)-1024):]...)
	if len(*t) > 64<<10 {
		*t = append((*t)[:0], (*t)[len(*t)-1024:]...)
	}
	return len(b), nil
}

// bomber is an upstream whose answers are small until they are decompressed.
func bomber(bomb []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask, _ := io.ReadAll(r.Body)
		is := func(kind string) bool { return bytes.Contains(ask, []byte(`"bomb-`+kind+`"`)) }
		before := func(text string) []byte {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = io.WriteString(z, text)
			_ = z.Close()
			return b.Bytes()
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		const event = `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi`
		switch {
		case is("plain"):
			_, _ = w.Write(before(`{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}],"x":`))
		case is("stream"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write(before(event + "\"}}]}\n\n" + event))
		case is("line"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write(before(": "))
		case is("error"):
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(before(`{"error":{"message":"x"},"x":`))
		default:
			_, _ = w.Write(before(`{"error":{"message":"x","type":"server_error"},"x":`))
		}
		_, _ = w.Write(bomb)
	})
}

// memory watches how much memory the nodes have; the function it returns gives how much
// each had at first, and at most, in bytes.
func (f *fleet) memory(t *testing.T) (peaks func() (before, most []float64)) {
	t.Helper()
	const name = "process_resident_memory_bytes"
	var before, most []float64
	for _, n := range f.nodes {
		before = append(before, metrics(t, n.Address("ops"))[name])
	}
	most = slices.Clone(before)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for i, n := range f.nodes {
				most[i] = max(most[i], metrics(t, n.Address("ops"))[name])
			}
			time.Sleep(50 * time.Millisecond) // how often it is looked at
		}
	}()
	end := sync.OnceFunc(func() {
		stop()
		<-done
	})
	t.Cleanup(end)
	return func() ([]float64, []float64) {
		end()
		return before, most
	}
}

// wantGrowth checks that no node has grown by more than so many bytes.
func wantGrowth(t *testing.T, peaks func() (before, most []float64), limit float64) {
	t.Helper()
	before, most := peaks()
	for i := range most {
		if most[i]-before[i] > limit {
			t.Errorf("node %d grew by %.0f MiB, want at most %.0f", i+1, (most[i]-before[i])/mib, limit/mib)
		}
		t.Logf("figures: node %d: %.0f MiB before, %.0f MiB at most", i+1, before[i]/mib, most[i]/mib)
	}
}

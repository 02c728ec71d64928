package cluster_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/trunkline-ai/trunkline/internal/outcometest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// proxies are the sample configurations that are run here.
var proxies = map[string]struct {
	file  string
	start func(testing.TB, testenv.Site) *testenv.ProxyServer
}{
	"nginx":   {"nginx/trunkline.conf", testenv.Nginx},
	"HAProxy": {"haproxy/haproxy.cfg", testenv.HAProxy},
}

// startProxy runs a sample with other addresses of its servers; those that are not given get that of node-1.
func startProxy(t *testing.T, name string, servers map[string]string) *testenv.ProxyServer {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("..", "..", "deployments", proxies[name].file))
	if err != nil {
		t.Fatal(err)
	}
	return proxies[name].start(t, func(listen string) string {
		text := strings.Replace(string(sample), "listen 80;", "listen "+listen+";", 1)
		text = strings.Replace(text, "bind :80", "bind "+listen, 1)
		text = strings.Replace(text, "maxconn 20000", "maxconn 500", 1) // users of test machines may open fewer files
		text = regexp.MustCompile(`(?:node|control-plane)-\d:\d+( port \d+)?`).ReplaceAllStringFunc(text, func(server string) string {
			address := servers[strings.Split(server, ":")[0]]
			if address == "" {
				address = servers["node-1"]
			}
			if _, port, found := strings.Cut(server, " port "); found && port != "" {
				// The servers of these tests answer for their readiness at the same port.
				return address + " port " + address[strings.LastIndexByte(address, ':')+1:]
			}
			return address
		})
		return text
	})
}

// upstream serves requests, and is ready unless it is told not to be.
func upstream(t *testing.T, handle http.HandlerFunc) (address string, ready *atomic.Bool) {
	t.Helper()
	ready = new(atomic.Bool)
	ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/", handle)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), ready
}

// TestEventsPassOneByOne: the next event is sent only when the client has the one before, so a proxy
// that holds back any makes the test stand still.
func TestEventsPassOneByOne(t *testing.T) {
	t.Parallel()
	for name := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const events = 20
			received := make(chan int)
			address, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range events {
					fmt.Fprintf(w, "data: %d\n\n", i)
					w.(http.Flusher).Flush()
					select {
					case got := <-received:
						if got != i {
							t.Errorf("the client got event %d, want %d", got, i)
						}
					case <-r.Context().Done():
						return
					}
				}
			})
			p := startProxy(t, name, map[string]string{"node-1": address})
			resp, err := client.Post(p.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{"stream":true}`))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines, seen := bufio.NewScanner(resp.Body), 0
			for lines.Scan() {
				if lines.Text() == fmt.Sprintf("data: %d", seen) {
					received <- seen
					seen++
				}
			}
			if err := lines.Err(); err != nil || seen != events {
				t.Errorf("%d of %d events came, %v", seen, events, err)
			}
		})
	}
}

// TestACallIsSentOnce: a node that took a call and failed is not asked again, nor is another one; a
// node that cannot be connected to is passed over.
func TestACallIsSentOnce(t *testing.T) {
	t.Parallel()
	for name := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			failing, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				panic(http.ErrAbortHandler) // the connection breaks before an answer
			})
			p := startProxy(t, name, map[string]string{"node-1": failing})
			resp, err := client.Post(p.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusBadGateway || calls.Load() != 1 {
				t.Errorf("a call that broke: status %d, sent %d times; want 502 and once", resp.StatusCode, calls.Load())
			}

			working, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n, " ", r.Header.Get("X-Forwarded-For"))
			})
			p = startProxy(t, name, map[string]string{"node-1": outcometest.ClosedPort(t), "node-2": working, "node-3": working})
			for range 6 {
				body := strings.Repeat("x", 2<<20) // more than proxies take by default
				resp, err := client.Post(p.URL()+"/v1/images/edits", "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if want := fmt.Sprint(len(body), " 127.0.0.1"); resp.StatusCode != http.StatusOK || string(text) != want {
					t.Errorf("with a node that is gone: status %d, %q, want %q", resp.StatusCode, text, want)
				}
			}
		})
	}
}

// TestHAProxyFollowsReadiness: a node that is not ready gets no calls.
func TestHAProxyFollowsReadiness(t *testing.T) {
	t.Parallel()
	var leaving atomic.Int64
	gone, ready := upstream(t, func(http.ResponseWriter, *http.Request) { leaving.Add(1) })
	staying, _ := upstream(t, func(http.ResponseWriter, *http.Request) {})
	p := startProxy(t, "HAProxy", map[string]string{"node-1": gone, "node-2": staying, "node-3": staying})
	call := func() {
		resp, err := client.Post(p.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	eventually(t, "the node gets calls", func() bool { call(); return leaving.Load() > 0 })
	ready.Store(false)
	eventually(t, "the node gets none of ten calls in a row", func() bool {
		before := leaving.Load()
		for range 10 {
			call()
		}
		return leaving.Load() == before
	})
}

// TestWebSocketsPass: both directions, and other requests beside them.
func TestWebSocketsPass(t *testing.T) {
	t.Parallel()
	for name := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") == "" {
					fmt.Fprintf(w, "%q", r.Header.Get("Connection"))
					return
				}
				conn, err := websocket.Accept(w, r, nil)
				if err != nil {
					return
				}
				defer conn.CloseNow()
				for {
					kind, text, err := conn.Read(r.Context())
					if err != nil || conn.Write(r.Context(), kind, text) != nil {
						return
					}
				}
			})
			p := startProxy(t, name, map[string]string{"node-1": address})
			conn, resp, err := websocket.Dial(t.Context(), p.URL()+"/v1/responses", nil)
			if err != nil {
				t.Fatalf("%v, %+v", err, resp)
			}
			defer conn.CloseNow()
			for _, text := range []string{"one", strings.Repeat("x", 20_000), "three"} {
				if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
					t.Fatal(err)
				}
				if _, got, err := conn.Read(t.Context()); err != nil || string(got) != text {
					t.Fatalf("%d bytes came back, %v", len(got), err)
				}
			}
			plain, err := client.Get(p.URL() + "/v1/models")
			if err != nil {
				t.Fatal(err)
			}
			defer plain.Body.Close()
			if text, _ := io.ReadAll(plain.Body); plain.StatusCode != http.StatusOK {
				t.Errorf("a request beside it: %d %s", plain.StatusCode, text)
			}
		})
	}
}

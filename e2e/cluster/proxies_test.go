package cluster_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
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
	"Envoy":   {"envoy/envoy.yaml", testenv.Envoy},
}

var (
	// server is one of nginx' or HAProxy's sample, with the port that answers for its readiness.
	server = regexp.MustCompile(`((?:node|control-plane)-\d):\d+( port \d+)?`)
	// endpoint is one of Envoy's.
	endpoint = regexp.MustCompile(`address: ((?:node|control-plane)-\d), port_value: \d+}}\s+health_check_config: {port_value: \d+}`)
)

// backend is where a server of a sample is, and where it answers for its readiness, each host:port.
type backend struct{ serves, ready string }

// startProxy runs a sample with other addresses of its servers; those that are not given get that of node-1.
func startProxy(t *testing.T, name string, servers map[string]backend) *testenv.ProxyServer {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("..", "..", "deployments", proxies[name].file))
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) backend {
		if b, ok := servers[name]; ok {
			return b
		}
		return servers["node-1"]
	}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	p := proxies[name].start(t, func(listen string) string {
		text := strings.Replace(string(sample), "listen 80;", "listen "+listen+";", 1)
		text = strings.Replace(text, "bind :80", "bind "+listen, 1)
		text = strings.Replace(text, "address: 0.0.0.0, port_value: 80}", "address: 127.0.0.1, port_value: "+port(listen)+"}", 1)
		text = strings.Replace(text, "maxconn 20000", "maxconn 500", 1) // users of test machines may open fewer files
		text = server.ReplaceAllStringFunc(text, func(found string) string {
			m := server.FindStringSubmatch(found)
			if b := find(m[1]); m[2] != "" {
				return b.serves + " port " + port(b.ready)
			}
			return find(m[1]).serves
		})
		return endpoint.ReplaceAllStringFunc(text, func(found string) string {
			b := find(endpoint.FindStringSubmatch(found)[1])
			return fmt.Sprintf("address: 127.0.0.1, port_value: %s}}\n                  health_check_config: {port_value: %s}", port(b.serves), port(b.ready))
		})
	})
	if name == "Envoy" { // it listens a moment before it knows that a node is ready
		eventually(t, "Envoy has found a node", func() bool {
			resp, err := client.Get(p.URL() + untold)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp.StatusCode != http.StatusServiceUnavailable
		})
	}
	return p
}

// untold is a path for nodes, of which upstream tells its handler nothing.
const untold = "/v1/untold"

// upstream serves requests, and is ready unless it is told not to be.
func upstream(t *testing.T, handle http.HandlerFunc) (b backend, ready *atomic.Bool) {
	t.Helper()
	ready = new(atomic.Bool)
	ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc(untold, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", handle)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	address := s.Listener.Addr().String()
	return backend{address, address}, ready
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
			p := startProxy(t, name, map[string]backend{"node-1": address})
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
			p := startProxy(t, name, map[string]backend{"node-1": failing})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL()+"/v1/chat/completions", strings.NewReader(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			// What Envoy would let clients ask for that it trusts.
			req.Header.Set("X-Envoy-Retry-On", "5xx,reset")
			req.Header.Set("X-Envoy-Max-Retries", "3")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			want := map[string]int{"Envoy": http.StatusServiceUnavailable}[name]
			if resp.StatusCode != cmp.Or(want, http.StatusBadGateway) || calls.Load() != 1 {
				t.Errorf("a call that broke: status %d, sent %d times; want once", resp.StatusCode, calls.Load())
			}

			working, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n, " ", r.Header.Get("X-Forwarded-For"))
			})
			closed := outcometest.ClosedPort(t)
			p = startProxy(t, name, map[string]backend{"node-1": {closed, closed}, "node-2": working, "node-3": working})
			for range 6 {
				body := strings.Repeat("x", 2<<20) // more than proxies take by default
				resp, err := client.Post(p.URL()+"/v1/images/edits", "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				size, from, _ := strings.Cut(string(text), " ")
				if name == "Envoy" && net.ParseIP(from) != nil {
					from = "127.0.0.1" // it gives clients on loopback another address of this machine
				}
				if resp.StatusCode != http.StatusOK || size != fmt.Sprint(len(body)) || from != "127.0.0.1" {
					t.Errorf("with a node that is gone: status %d, %q, want %d bytes from 127.0.0.1", resp.StatusCode, text, len(body))
				}
			}
		})
	}
}

// TestProxiesFollowReadiness: nodes that are not ready get no calls, be they most of them. (nginx asks nobody.)
func TestProxiesFollowReadiness(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HAProxy", "Envoy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var leaving atomic.Int64
			serve := func(http.ResponseWriter, *http.Request) { leaving.Add(1) }
			first, ready := upstream(t, serve)
			second, alsoReady := upstream(t, serve)
			staying, _ := upstream(t, func(http.ResponseWriter, *http.Request) {})
			p := startProxy(t, name, map[string]backend{"node-1": first, "node-2": second, "node-3": staying})
			call := func() (served bool) {
				resp, err := client.Post(p.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{}`))
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				return resp.StatusCode == http.StatusOK
			}
			eventually(t, "the nodes get calls", func() bool { return call() && leaving.Load() > 0 })
			ready.Store(false)
			alsoReady.Store(false)
			eventually(t, "they get none of ten calls in a row", func() bool {
				before := leaving.Load()
				for range 10 {
					if !call() {
						t.Fatal("a call was lost")
					}
				}
				return leaving.Load() == before
			})
		})
	}
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
			p := startProxy(t, name, map[string]backend{"node-1": address})
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

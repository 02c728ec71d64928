package http1_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane/upstream/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transport is what both clients are.
type transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// clients are those that must behave alike.
var clients = map[string]func(dial dialFunc, secure *tls.Config) transport{
	"http1": func(dial dialFunc, secure *tls.Config) transport {
		return http1.New(http1.Config{Dial: dial, TLS: secure})
	},
	"net/http": func(dial dialFunc, secure *tls.Config) transport {
		return &http.Transport{
			DialContext: dial, TLSClientConfig: secure, DisableCompression: true, MaxIdleConnsPerHost: 512,
			MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 90 * time.Second,
		}
	},
}

// both runs a test with each client.
func both(t *testing.T, test func(t *testing.T, name string, open func(dialFunc, *tls.Config) transport)) {
	t.Parallel()
	for name, open := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, name, open)
		})
	}
}

// script is an upstream that does to each connection what play says.
type script struct {
	url   string
	mu    sync.Mutex
	conns int
}

func (s *script) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

func serve(t *testing.T, play func(n int, conn *net.TCPConn)) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{url: "http://" + l.Addr().String()}
	var wg sync.WaitGroup
	var open []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			n := s.conns
			open = append(open, c)
			s.mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				play(n, c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range open {
			c.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

// always answers every request with the same bytes; then it closes if told so.
func always(answer string, thenClose bool) func(int, *net.TCPConn) {
	return func(_ int, conn *net.TCPConn) {
		br := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			if _, err := io.WriteString(conn, answer); err != nil || thenClose {
				return
			}
		}
	}
}

// post sends a request and reads the whole answer.
func post(t *testing.T, c transport, url, body string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return postIn(ctx, t, c, url, body)
}

func postIn(ctx context.Context, t *testing.T, c transport, url, body string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/x?a=b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.GetBody = nil // so that net/http does not try again by itself
	resp, err := c.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	text, err := io.ReadAll(resp.Body)
	if closing := resp.Body.Close(); closing != nil {
		t.Errorf("Close: %v", closing)
	}
	return resp, string(text), err
}

const ok = "HTTP/1.1 200 OK\r\n"

// TestAnswers sends the same answer to two requests in a row and says what both clients
// make of it.
func TestAnswers(t *testing.T) {
	header64k := strings.Repeat("X-Filler: "+strings.Repeat("x", 990)+"\r\n", 70)
	tests := map[string]struct {
		answer string
		close  bool // the upstream closes behind it
		status int
		body   string
		err    bool // no answer, or not all of it
		reused bool // the second request used the first one's connection
		strict bool // net/http accepts it
		header map[string]string
	}{
		"length":                {answer: ok + "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello", status: 200, body: "hello", reused: true, header: map[string]string{"Content-Type": "text/plain"}},
		"length 0":              {answer: ok + "Content-Length: 0\r\n\r\n", status: 200, reused: true},
		"header names":          {answer: ok + "content-length: 2\r\nx-rAtElimit-remaining:   7 \t\r\n\r\nok", status: 200, body: "ok", reused: true, header: map[string]string{"X-Ratelimit-Remaining": "7"}},
		"header without value":  {answer: ok + "X-Empty:\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"header twice":          {answer: ok + "X-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true, header: map[string]string{"X-A": "1,2"}},
		"header with UTF-8":     {answer: ok + "X-A: grüße\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true, header: map[string]string{"X-A": "grüße"}},
		"no reason":             {answer: "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"odd status":            {answer: "HTTP/1.1 529 Overloaded, sorry\r\nContent-Length: 2\r\n\r\nno", status: 529, body: "no", reused: true},
		"204":                   {answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, reused: true},
		"304 with a length":     {answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", status: 304, reused: true},
		"bare LF":               {answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200, body: "ok", reused: true},
		"until the end":         {answer: ok + "\r\nhello", close: true, status: 200, body: "hello"},
		"HTTP/1.0":              {answer: "HTTP/1.0 200 OK\r\n\r\nhello", close: true, status: 200, body: "hello"},
		"HTTP/1.0 with length":  {answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"},
		"HTTP/1.0 keep-alive":   {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"connection close":      {answer: ok + "Connection: foo, Close\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"},
		"chunked":               {answer: ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", status: 200, body: "hello!", reused: true},
		"chunked, empty":        {answer: ok + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", status: 200, reused: true},
		"chunk extensions":      {answer: ok + "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", status: 200, body: "hello", reused: true},
		"trailers":              {answer: ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n", status: 200, body: "hello", reused: true},
		"100 first":             {answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"gzip is left alone":    {answer: ok + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8bx", status: 200, body: "\x1f\x8bx", reused: true, header: map[string]string{"Content-Encoding": "gzip"}},
		"redirect is not taken": {answer: "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", status: 307, reused: true},
		"same length twice":     {answer: ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"more than the length":  {answer: ok + "Content-Length: 2\r\n\r\nok and more", status: 200, body: "ok"},
		"long header line":      {answer: ok + "X-Long: " + strings.Repeat("y", 4096-len("X-Long: ")) + "\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},
		"longer header line":    {answer: ok + "X-Long: " + strings.Repeat("y", 9000) + "\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", reused: true},

		"nothing":                    {answer: "", close: true, err: true},
		"half a status line":         {answer: "HTTP/1.1 20", close: true, err: true},
		"half the headers":           {answer: ok + "Content-Le", close: true, err: true},
		"short body":                 {answer: ok + "Content-Length: 9\r\n\r\nhello", close: true, status: 200, body: "hello", err: true},
		"chunked without an end":     {answer: ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", close: true, status: 200, body: "hello", err: true},
		"chunked without last CRLF":  {answer: ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", close: true, status: 200, body: "hello", err: true},
		"chunk cut":                  {answer: ok + "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", close: true, status: 200, body: "hello", err: true},
		"chunk of no size":           {answer: ok + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", close: true, status: 200, err: true},
		"chunk of negative size":     {answer: ok + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", close: true, status: 200, err: true},
		"chunk of huge size":         {answer: ok + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nhello\r\n0\r\n\r\n", close: true, status: 200, err: true},
		"chunk longer than its size": {answer: ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", close: true, status: 200, body: "hell", err: true},
		"chunk line with bare LF":    {answer: ok + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", close: true, status: 200, err: true},
		"not HTTP":                   {answer: "SSH-2.0-OpenSSH_9.2\r\n\r\n", close: true, err: true},
		"HTTP/2 preface":             {answer: "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", close: true, err: true, strict: true},
		"status of letters":          {answer: "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok", close: true, err: true},
		"status with a sign":         {answer: "HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok", close: true, err: true, strict: true},
		"status too long":            {answer: "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", close: true, err: true},
		"two lengths":                {answer: ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", close: true, err: true},
		"length list":                {answer: ok + "Content-Length: 2, 2\r\n\r\nok", close: true, err: true},
		"length with a sign":         {answer: ok + "Content-Length: +2\r\n\r\nok", close: true, err: true},
		"negative length":            {answer: ok + "Content-Length: -2\r\n\r\nok", close: true, err: true},
		"empty length":               {answer: ok + "Content-Length:\r\n\r\nok", close: true, err: true},
		"length beyond 64 bits":      {answer: ok + "Content-Length: 99999999999999999999\r\n\r\nok", close: true, err: true},
		"hex length":                 {answer: ok + "Content-Length: 0x2\r\n\r\nok", close: true, err: true},
		"unknown transfer encoding":  {answer: ok + "Transfer-Encoding: gzip\r\n\r\nok", close: true, err: true},
		"two transfer encodings":     {answer: ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", close: true, err: true},
		"encoding list":              {answer: ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", close: true, err: true},
		"space before the colon":     {answer: ok + "Content-Length : 2\r\n\r\nok", close: true, err: true, strict: true},
		"header without a colon":     {answer: ok + "Content-Length 2\r\n\r\nok", close: true, err: true},
		"header with NUL":            {answer: ok + "X-A: a\x00b\r\nContent-Length: 2\r\n\r\nok", close: true, err: true},
		"header with bare CR":        {answer: ok + "X-A: a\rb\r\nContent-Length: 2\r\n\r\nok", close: true, err: true, strict: true},
		"folded header":              {answer: ok + "X-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok", close: true, err: true, strict: true},
		"chunked in HTTP/1.0":        {answer: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", close: true, err: true, strict: true},
		"101":                        {answer: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", close: true, err: true, strict: true},
		"headers beyond 64 KiB":      {answer: ok + header64k + "Content-Length: 2\r\n\r\nok", close: true, err: true},
		"one line beyond 64 KiB":     {answer: ok + "X: " + strings.Repeat("x", 70<<10) + "\r\n\r\n", close: true, err: true},
		"endless 100":                {answer: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10) + ok + "Content-Length: 2\r\n\r\nok", close: true, err: true, strict: true},
		"bad trailer":                {answer: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nbad trailer\r\n\r\n", close: true, status: 200, body: "ok", err: true},
	}
	both(t, func(t *testing.T, client string, open func(dialFunc, *tls.Config) transport) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if test.strict && client != "http1" {
					t.Skip("net/http is more lenient")
				}
				up := serve(t, always(test.answer, test.close))
				c := open(new(net.Dialer).DialContext, nil)
				defer c.CloseIdleConnections()
				for i := range 2 {
					resp, body, err := post(t, c, up.url, `{"a":1}`)
					if (err != nil) != test.err {
						t.Fatalf("request %d: err = %v", i+1, err)
					}
					if test.status == 0 {
						if resp != nil {
							t.Fatalf("request %d: status %d, want none", i+1, resp.StatusCode)
						}
						continue
					}
					if resp == nil || resp.StatusCode != test.status || body != test.body {
						t.Fatalf("request %d: response %+v, body %q, want status %d and %q", i+1, resp, body, test.status, test.body)
					}
					for k, v := range test.header {
						if got := strings.Join(resp.Header[k], ","); got != v {
							t.Errorf("request %d: header %s = %q, want %q", i+1, k, got, v)
						}
					}
				}
				if want := 2; test.reused {
					want = 1
					if got := up.dialled(); got != want {
						t.Errorf("%d connections, want %d", got, want)
					}
				} else if got := up.dialled(); got != want {
					t.Errorf("%d connections, want %d", got, want)
				}
			})
		}
	})
}

// TestLengthAndChunked: the encoding counts, but the connection ends there.
func TestLengthAndChunked(t *testing.T) {
	both(t, func(t *testing.T, client string, open func(dialFunc, *tls.Config) transport) {
		up := serve(t, always(ok+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false))
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		for range 2 {
			resp, body, err := post(t, c, up.url, "x")
			if err != nil || body != "hello" || resp.ContentLength != -1 || resp.Header.Get("Content-Length") != "" {
				t.Fatalf("%+v, %q, %v", resp, body, err)
			}
		}
		if client == "http1" && up.dialled() != 2 {
			t.Errorf("%d connections, want 2", up.dialled())
		}
	})
}

// TestRequestArrives checks what the upstream is sent, byte for byte where it counts.
func TestRequestArrives(t *testing.T) {
	big := strings.Repeat("0123456789", 300_000)
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		type seen struct {
			r    *http.Request
			body string
		}
		got := make(chan seen, 1)
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got <- seen{r, string(body)}
		}))
		defer up.Close()
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		for name, body := range map[string]struct {
			reader io.Reader
			length int64
			want   string
		}{
			"none":               {nil, 0, ""},
			"small":              {strings.NewReader("hello"), 5, "hello"},
			"large":              {strings.NewReader(big), int64(len(big)), big},
			"small, no WriterTo": {io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")), 5, "hello"},
			"large, no WriterTo": {struct{ io.Reader }{strings.NewReader(big)}, int64(len(big)), big},
			"of unknown length":  {struct{ io.Reader }{strings.NewReader(big)}, -1, big},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.URL+"/v1/a%20b?q=1&r=%20", body.reader)
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = body.length
			r.Host = "provider.test"
			r.Header = http.Header{"Authorization": {"Bearer secret"}, "X-Two": {"1", "2"}, "User-Agent": {"trunkline"}, "Content-Length": {"99"}, "Host": {"evil.test"}}
			resp, err := c.RoundTrip(r)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			resp.Body.Close()
			s := <-got
			if s.body != body.want {
				t.Errorf("%s: the body arrived with %d bytes, want %d", name, len(s.body), len(body.want))
			}
			if s.r.Method != "POST" || s.r.RequestURI != "/v1/a%20b?q=1&r=%20" || s.r.Host != "provider.test" || s.r.ContentLength != body.length ||
				s.r.Header.Get("Authorization") != "Bearer secret" || len(s.r.Header["X-Two"]) != 2 || s.r.Header.Get("User-Agent") != "trunkline" {
				t.Errorf("%s: arrived as %+v", name, s.r)
			}
		}
	})
}

// TestBadRequests are refused before anything is sent.
func TestBadRequests(t *testing.T) {
	both(t, func(t *testing.T, client string, open func(dialFunc, *tls.Config) transport) {
		up := serve(t, always(ok+"Content-Length: 0\r\n\r\n", false))
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		for name, change := range map[string]func(*http.Request){
			"header value with a line break": func(r *http.Request) { r.Header["X-A"] = []string{"a\r\nX-B: b"} },
			"header name with a line break":  func(r *http.Request) { r.Header["X-A\r\nX-B"] = []string{"a"} },
			"header name with a space":       func(r *http.Request) { r.Header["X A"] = []string{"a"} },
			"header value with NUL":          func(r *http.Request) { r.Header["X-A"] = []string{"\x00"} },
			"method":                         func(r *http.Request) { r.Method = "PO ST" },
			"scheme":                         func(r *http.Request) { r.URL.Scheme = "ftp" },
			"no host":                        func(r *http.Request) { r.URL.Host, r.Host = "", "" },
			"query with a line break":        func(r *http.Request) { r.URL.RawQuery = "a\r\nX-B: b" },
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.url, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			closed := &closeSpy{Reader: r.Body}
			r.Body = closed
			change(r)
			if _, err := c.RoundTrip(r); err == nil {
				t.Errorf("%s: no error", name)
			}
			if !closed.closed() {
				t.Errorf("%s: the body was not closed", name)
			}
		}
		if client == "http1" && up.dialled() > 0 {
			t.Errorf("%d connections were made", up.dialled())
		}
	})
}

type closeSpy struct {
	io.Reader
	mu   sync.Mutex
	done bool
}

func (c *closeSpy) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	return nil
}

func (c *closeSpy) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// TestBodyOfWrongLength: what is too much is never sent, what is missing ends the
// connection. net/http waits for an answer in vain.
func TestBodyOfWrongLength(t *testing.T) {
	t.Parallel()
	for announced, size := range map[int64]int{4: 5, 6: 5, 100_004: 100_005, 100_006: 100_005} {
		for _, writerTo := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d %v", announced, writerTo), func(t *testing.T) {
				t.Parallel()
				text := strings.Repeat("x", size-5) + "hello"
				arrived := make(chan string, 1)
				up := serve(t, func(_ int, conn *net.TCPConn) {
					sent, _ := io.ReadAll(conn)
					arrived <- string(sent)
				})
				c := clients["http1"](new(net.Dialer).DialContext, nil)
				defer c.CloseIdleConnections()
				var body io.Reader = strings.NewReader(text)
				if !writerTo {
					body = struct{ io.Reader }{body}
				}
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.url, body)
				if err != nil {
					t.Fatal(err)
				}
				r.ContentLength = announced
				if _, err := c.RoundTrip(r); err == nil {
					t.Error("no error")
				}
				if sent := <-arrived; strings.HasSuffix(sent, "hello") && announced < int64(size) {
					t.Error("more than announced was sent")
				}
			})
		}
	}
}

// TestEarlyAnswer: an upstream may refuse a large body before it has read it.
func TestEarlyAnswer(t *testing.T) {
	const answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		for _, reads := range []bool{false, true} {
			done := make(chan struct{})
			up := serve(t, func(_ int, conn *net.TCPConn) {
				br := bufio.NewReader(conn)
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				_, _ = io.WriteString(conn, answer)
				if reads {
					_, _ = io.CopyN(io.Discard, br, 1<<20)
				}
				<-done
			})
			c := open(new(net.Dialer).DialContext, nil)
			resp, body, err := post(t, c, up.url, strings.Repeat("x", 16<<20))
			close(done)
			if err != nil || resp.StatusCode != 413 || body != "no" {
				t.Errorf("reads=%v: %+v %q %v", reads, resp, body, err)
			}
			c.CloseIdleConnections()
		}
	})
}

// TestUpstreamHangsUpOnALargeBody: there must be an error, and soon.
func TestUpstreamHangsUpOnALargeBody(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		up := serve(t, func(_ int, conn *net.TCPConn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_ = conn.SetLinger(0)
		})
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		if _, _, err := post(t, c, up.url, strings.Repeat("x", 16<<20)); err == nil {
			t.Error("no error")
		}
	})
}

// TestCutAtEveryByte: whatever came, the caller sees a prefix of the body and an error,
// never a whole answer that was none.
func TestCutAtEveryByte(t *testing.T) {
	answers := map[string]string{
		"length":  ok + "Content-Length: 11\r\n\r\nhello world",
		"chunked": ok + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
	}
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		for name, answer := range answers {
			for _, reset := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s reset=%v", name, reset), func(t *testing.T) {
					t.Parallel()
					up := serve(t, func(n int, conn *net.TCPConn) {
						if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
							return
						}
						_, _ = io.WriteString(conn, answer[:n-1])
						if reset {
							_ = conn.SetLinger(0)
						}
					})
					c := open(new(net.Dialer).DialContext, nil)
					defer c.CloseIdleConnections()
					for at := range answer {
						_, body, err := post(t, c, up.url, "")
						if err == nil {
							t.Fatalf("cut at byte %d: no error, body %q", at, body)
						}
						if !strings.HasPrefix("hello world", body) {
							t.Fatalf("cut at byte %d: body %q", at, body)
						}
						if up.dialled() != at+1 {
							t.Fatalf("cut at byte %d: %d connections", at, up.dialled())
						}
					}
				})
			}
		}
	})
}

// TestByteByByte: how an answer is split on its way makes no difference.
func TestByteByByte(t *testing.T) {
	const answer = "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n6;x=y\r\nhello \r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n"
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		up := serve(t, func(_ int, conn *net.TCPConn) {
			br := bufio.NewReader(conn)
			for {
				r, err := http.ReadRequest(br)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				for i := range len(answer) {
					if _, err := conn.Write([]byte{answer[i]}); err != nil {
						return
					}
				}
			}
		})
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		for range 3 {
			resp, body, err := post(t, c, up.url, "x")
			if err != nil || body != "hello world" || resp.Header.Get("X-A") != "b" {
				t.Fatalf("%+v %q %v", resp, body, err)
			}
		}
		if up.dialled() != 1 {
			t.Errorf("%d connections, want 1", up.dialled())
		}
	})
}

// TestStaleConnection: a connection that the upstream closed while it was idle is not used.
func TestStaleConnection(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		closed := make(chan struct{}, 10)
		up := serve(t, func(_ int, conn *net.TCPConn) {
			always(ok+"Content-Length: 2\r\n\r\nok", true)(0, conn)
			conn.Close()
			closed <- struct{}{}
		})
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		if _, _, err := post(t, c, up.url, "x"); err != nil {
			t.Fatal(err)
		}
		<-closed
		// The end of the connection is on its way; loopback takes no time worth waiting for,
		// net/http's goroutine that notices it does.
		var err error
		for range 100 {
			if _, _, err = post(t, c, up.url, "x"); err == nil {
				break
			}
		}
		if err != nil {
			t.Errorf("the stale connection was used: %v", err)
		}
	})
}

// TestUnaskedBytes: what an idle connection is sent is nobody's answer.
func TestUnaskedBytes(t *testing.T) {
	both(t, func(t *testing.T, client string, open func(dialFunc, *tls.Config) transport) {
		if client != "http1" {
			t.Skip("net/http notices in a goroutine, at some time")
		}
		sent := make(chan struct{})
		next := make(chan struct{})
		up := serve(t, func(n int, conn *net.TCPConn) {
			if n > 1 {
				always(ok+"Content-Length: 4\r\n\r\ngood", false)(n, conn)
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			_, _ = io.WriteString(conn, ok+"Content-Length: 2\r\n\r\nok")
			<-next
			_, _ = io.WriteString(conn, ok+"Content-Length: 4\r\n\r\nevil")
			close(sent)
			_, _ = io.Copy(io.Discard, conn)
		})
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		if _, body, err := post(t, c, up.url, ""); err != nil || body != "ok" {
			t.Fatalf("%q %v", body, err)
		}
		close(next)
		<-sent
		if _, body, err := post(t, c, up.url, ""); err != nil || body != "good" {
			t.Errorf("%q %v", body, err)
		}
	})
}

// TestCancel: the end of ctx ends every kind of waiting, with its cause.
func TestCancel(t *testing.T) {
	reason := errors.New("the reason")
	for name, test := range map[string]struct {
		answer string
		body   int
	}{
		"before the answer":     {"", 1},
		"while a body is sent":  {"", 32 << 20},
		"inside the headers":    {ok + "X-A: ", 1},
		"inside the body":       {ok + "Content-Length: 10\r\n\r\nhello", 1},
		"inside a chunk":        {ok + "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", 1},
		"while an answer waits": {ok + "Content-Length: 10\r\n\r\n", 32 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
				up := serve(t, func(_ int, conn *net.TCPConn) {
					br := bufio.NewReader(conn)
					if _, err := http.ReadRequest(br); err != nil {
						return
					}
					_, _ = io.WriteString(conn, test.answer)
					if test.body == 1 {
						_, _ = io.Copy(io.Discard, br)
					} else {
						_, _ = conn.Read(make([]byte, 1)) // and no more, until the test ends
						<-t.Context().Done()
					}
				})
				c := open(new(net.Dialer).DialContext, nil)
				defer c.CloseIdleConnections()
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(50*time.Millisecond, func() { cancel(reason) })
				defer timer.Stop()
				began := time.Now()
				_, _, err := postIn(ctx, t, c, up.url, strings.Repeat("x", test.body))
				if err == nil || !errors.Is(err, reason) && !errors.Is(err, context.Canceled) {
					t.Errorf("err = %v", err)
				}
				if d := time.Since(began); d > 10*time.Second {
					t.Errorf("it took %s", d)
				}
			})
		})
	}
}

func TestCancelledBefore(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c := open(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("dialled") }, nil)
		if _, _, err := postIn(ctx, t, c, "http://127.0.0.1:1", "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}

// TestCloseInTheMiddle: an answer that is not read to its end costs its connection only.
func TestCloseInTheMiddle(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		up := serve(t, always(ok+"Content-Length: 100000\r\n\r\n"+strings.Repeat("x", 100000), false))
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		for i := range 2 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.url, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if _, err := resp.Body.Read(make([]byte, 10)); err == nil {
				t.Error("a closed body can be read")
			}
			resp.Body.Close()
			if up.dialled() != i+1 {
				t.Errorf("%d connections, want %d", up.dialled(), i+1)
			}
		}
	})
}

func TestTLS(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, "%s %s", r.Proto, r.TLS.ServerName)
		}))
		up.EnableHTTP2 = true
		up.Config.ErrorLog = quietLog()
		up.StartTLS()
		defer up.Close()
		roots := up.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		dials := 0
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, up.Listener.Addr().String())
		}
		c := open(dial, &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}})
		defer c.CloseIdleConnections()
		for i := range 3 {
			if _, body, err := post(t, c, "https://example.com", strings.Repeat("x", 1+i*1_000_000)); err != nil || body != "HTTP/1.1 example.com" {
				t.Fatalf("%q %v", body, err)
			}
		}
		if dials != 1 {
			t.Errorf("%d connections, want 1", dials)
		}
		var invalid *tls.CertificateVerificationError
		if _, _, err := post(t, c, "https://other.test", "x"); !errors.As(err, &invalid) {
			t.Errorf("a certificate of another host: %v", err)
		}
		strange := open(new(net.Dialer).DialContext, nil)
		defer strange.CloseIdleConnections()
		if _, _, err := post(t, strange, up.URL, "x"); !errors.As(err, &invalid) {
			t.Errorf("an unknown authority: %v", err)
		}
		plain := serve(t, always(ok+"\r\n", true))
		if _, _, err := post(t, strange, strings.Replace(plain.url, "http:", "https:", 1), "x"); err == nil {
			t.Error("no error from an upstream without TLS")
		}
	})
}

// TestCloseIdle: idle connections go at once, those in use when they are done.
func TestCloseIdle(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		ended := make(chan int, 2)
		up := serve(t, func(n int, conn *net.TCPConn) {
			always(ok+"Content-Length: 2\r\n\r\nok", false)(n, conn)
			ended <- n
		})
		c := open(new(net.Dialer).DialContext, nil)
		if _, _, err := post(t, c, up.url, "x"); err != nil {
			t.Fatal(err)
		}
		c.CloseIdleConnections()
		wait(t, ended)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.url, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		c.CloseIdleConnections()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ok" {
			t.Errorf("%q %v", body, err)
		}
		resp.Body.Close()
		wait(t, ended)
	})
}

func wait(t *testing.T, ch <-chan int) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(20 * time.Second):
		t.Fatal("the connection stays open")
	}
}

// TestManyAtOnce mixes answers that keep and end connections, under load.
func TestManyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, _ string, open func(dialFunc, *tls.Config) transport) {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if len(body)%7 == 0 {
				w.Header().Set("Connection", "close")
			}
			_, _ = w.Write(body)
		}))
		defer up.Close()
		c := open(new(net.Dialer).DialContext, nil)
		defer c.CloseIdleConnections()
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 25 {
					want := strings.Repeat(string(rune('a'+i)), 1+j*(1+j%5*2000))
					if _, got, err := post(t, c, up.URL, want); err != nil || got != want {
						t.Errorf("%d bytes came back as %d, %v", len(want), len(got), err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

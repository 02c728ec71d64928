package plainhttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// served is a server with net/http's behind it, both with one handler.
type served struct {
	*Server
	address string
	log     lines
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func serve(t *testing.T, handler http.HandlerFunc, change func(*Config)) *served {
	t.Helper()
	s := &served{}
	cfg := Config{
		Handler: handler, Base: context.Background(), HeadTimeout: patience, IdleTimeout: patience, BodyTimeout: patience,
		Log: log.New(&s.log, "", 0),
	}
	if change != nil {
		change(&cfg)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Server, s.address = New(cfg), ln.Addr().String()
	other := &http.Server{Handler: handler, ErrorLog: cfg.Log}
	done := make(chan error, 1)
	go func() { done <- other.Serve(s.Listener(ln)) }()
	t.Cleanup(func() {
		_ = other.Close()
		s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Wait(ctx); err != nil {
			t.Errorf("connections are left: %v", err)
		}
	})
	return s
}

func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func answer(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

const ask = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

// Who says nothing, or stops in the middle of a head, is closed without an answer.
func TestClientsThatSayTooLittle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sends              string
		head, idle, answer time.Duration
	}{
		"nothing":             {"", 50 * time.Millisecond, patience, 0},
		"half a head":         {ask[:20], 50 * time.Millisecond, patience, 0},
		"a request":           {ask, patience, 50 * time.Millisecond, 1},
		"a request and half":  {ask + ask[:20], 50 * time.Millisecond, patience, 1},
		"a request and a bit": {ask + "G", 50 * time.Millisecond, patience, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }, func(c *Config) { c.HeadTimeout, c.IdleTimeout = tt.head, tt.idle })
			conn := s.dial(t)
			if _, err := io.WriteString(conn, tt.sends); err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(conn)
			if n := strings.Count(string(all), "here"); err != nil || n != int(tt.answer) {
				t.Errorf("%q, %v", all, err)
			}
		})
	}
}

// A body that does not come in time ends its request.
func TestTheTimeOfABody(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		ended <- err
	}, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond })
	conn := s.dial(t)
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	if err, is := errors.AsType[net.Error](<-ended); !is || !err.Timeout() {
		t.Errorf("%v", err)
	}
}

// A connection that is given away goes with every byte, and is answered as if it had never been here.
func TestConnectionsAreGivenAwayWhole(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s%s %v %d", r.Method, r.URL.Path, r.Context().Value(http.ServerContextKey) != nil, len(body))
	}, nil)
	conn := s.dial(t)
	body := strings.Repeat("b", 40_000)
	go fmt.Fprint(conn, ask, "PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n", body, ask, "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
	in := bufio.NewReader(conn)
	for _, want := range []string{"200 GET/a false 0", "200 PUT/b true 40000", "200 GET/a true 0", "200 POST/c true 3"} {
		if got := answer(t, in); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What is no TCP connection is the other server's from the start.
func TestOtherConnectionsAreGivenAway(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	s := New(Config{Base: t.Context()})
	ln := s.Listener(&once{conns: []net.Conn{theirs}, closed: make(chan struct{})})
	if got, err := ln.Accept(); err != nil || got != theirs {
		t.Errorf("%v, %v", got, err)
	}
	_ = ln.Close()
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("behind its end: %v", err)
	}
}

// once is a listener of connections that are there, and of an error behind them.
type once struct {
	conns  []net.Conn
	err    error
	closed chan struct{}
}

func (o *once) Accept() (net.Conn, error) {
	if len(o.conns) > 0 {
		c := o.conns[0]
		o.conns = o.conns[1:]
		return c, nil
	}
	if o.err != nil {
		return nil, o.err
	}
	<-o.closed
	return nil, net.ErrClosed
}

func (o *once) Close() error {
	close(o.closed)
	return nil
}

func (o *once) Addr() net.Addr { return &net.TCPAddr{} }

// An error of the listener, such as that there are no files left, is told to the other server, which waits.
func TestErrorsOfTheListener(t *testing.T) {
	t.Parallel()
	broken := errors.New("too many open files")
	ln := New(Config{Base: t.Context()}).Listener(&once{err: broken, closed: make(chan struct{})})
	for range 3 {
		if _, err := ln.Accept(); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	}
	_ = ln.Close()
}

// A panic is logged with its stack, and is no other request's trouble; an answer that is cut on purpose is not
// logged.
func TestPanicsAreLogged(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			panic("a mistake")
		}
		panic(http.ErrAbortHandler)
	}, nil)
	for _, request := range []string{ask, strings.Replace(ask, "/a", "/b", 1)} {
		conn := s.dial(t)
		fmt.Fprint(conn, request)
		if all, err := io.ReadAll(conn); len(all) > 0 || err != nil {
			t.Errorf("%q, %v", all, err)
		}
	}
	if text := s.log.String(); strings.Count(text, "panic serving") != 1 || !strings.Contains(text, "a mistake") || !strings.Contains(text, "server_test.go") {
		t.Errorf("logged %q", text)
	}
}

// Who goes on with a request that is over disturbs no other.
func TestARequestThatIsOver(t *testing.T) {
	t.Parallel()
	type left struct {
		w http.ResponseWriter
		r *http.Request
	}
	over := make(chan left, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			_, _ = io.WriteString(w, "second")
			return
		}
		over <- left{w, r}
	}, nil)
	conn := s.dial(t)
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "POST /over HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	if got := answer(t, in); got != "200 " {
		t.Error(got)
	}
	fmt.Fprint(conn, ask)
	if got := answer(t, in); got != "200 second" {
		t.Error(got)
	}
	l := <-over
	if _, err := io.WriteString(l.w, "late"); err == nil {
		t.Error("it is written to")
	}
	if err := http.NewResponseController(l.w).Flush(); err == nil {
		t.Error("it is flushed")
	}
	if _, err := l.r.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("its body is read: %v", err)
	}
	fmt.Fprint(conn, ask)
	if got := answer(t, in); got != "200 second" {
		t.Error(got)
	}
}

// Stop keeps what is under way, and Wait waits for it no longer than it may.
func TestStopAndWait(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-finish
		_, _ = io.WriteString(w, "whole")
	}, nil)
	conn := s.dial(t)
	fmt.Fprint(conn, ask, ask)
	<-began
	s.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v while a request is under way", err)
	}
	close(finish)
	if all, err := io.ReadAll(conn); err != nil || strings.Count(string(all), "whole") != 1 {
		t.Errorf("%q, %v", all, err)
	}
	if err := s.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// What ends the server's context ends those of its requests: of the one under way, and of the next.
func TestRequestsEndWithTheServersContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	base, end := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
	defer end()
	began := make(chan struct{}, 4)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		select {
		case <-r.Context().Done():
			fmt.Fprint(w, r.Context().Err(), " ", r.Context().Value(key{}))
		case <-time.After(patience):
			_, _ = io.WriteString(w, "nothing ends it")
		}
	}, func(c *Config) { c.Base = base })
	conn := s.dial(t)
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, ask)
	<-began
	end()
	for range 2 {
		if got := answer(t, in); got != "200 context canceled kept" {
			t.Errorf("answered %q", got)
		}
		fmt.Fprint(conn, ask)
	}
	answer(t, in)
	fresh := s.dial(t)
	fmt.Fprint(fresh, ask)
	if got := answer(t, bufio.NewReader(fresh)); got != "200 context canceled kept" {
		t.Errorf("on a connection that came later: %q", got)
	}
}

// A connection that waits for a request, or whose answer is quiet, holds no buffer.
func TestQuietConnectionsHoldNoBuffers(t *testing.T) {
	t.Parallel()
	quiet, finish := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "begun")
		_ = http.NewResponseController(w).Flush()
		if out := w.(*response).out; out.lent != nil || out.head != nil {
			t.Error("the answer holds its buffer")
		}
		if w.(*response).c.in.lent != nil {
			t.Error("the request holds its buffer")
		}
		close(quiet)
		<-finish
	}, nil)
	conn := s.dial(t)
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	<-quiet
	close(finish)
	if got := answer(t, bufio.NewReader(conn)); got != "200 begun" {
		t.Error(got)
	}
}

// The watch rests while nothing is served.
func TestTheWatchRests(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, nil)
	conn := s.dial(t)
	in := bufio.NewReader(conn)
	for range 3 {
		fmt.Fprint(conn, ask)
		answer(t, in)
		for { // it ends by itself
			s.mu.Lock()
			watching := s.watching
			s.mu.Unlock()
			if !watching {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// allocsPerRequest is what one request and its answer may allocate: the text of the head, its URL and header,
// the request with its answer's header, and a context.
const allocsPerRequest = 11

// Not parallel: what other tests allocate would be counted too.
func TestAllocationsPerRequest(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	var body [100]byte
	answered := []byte(`{"a":1}`)
	jsonType, length := []string{"application/json"}, []string{"7"}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, body[:])
		h := w.Header()
		h["Content-Type"], h["Content-Length"] = jsonType, length
		_, _ = w.Write(answered)
	}, nil)
	conn := s.dial(t)
	request := []byte("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nContent-Type: application/json\r\nAuthorization: Bearer x\r\n\r\n" + strings.Repeat("b", 100))
	in := make([]byte, 1000)
	got := testing.AllocsPerRun(200, func() {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		for n := 0; !bytes.HasSuffix(in[:n], answered); {
			k, err := conn.Read(in[n:])
			if n += k; err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("%.1f allocations per request", got)
	if got > allocsPerRequest {
		t.Errorf("%.1f allocations per request, want at most %d", got, allocsPerRequest)
	}
}

// A stream costs each of its chunks nothing.
func TestAllocationsPerChunk(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	var perChunk atomic.Uint64
	done := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		control, chunk := http.NewResponseController(w), bytes.Repeat([]byte("c"), 200)
		perChunk.Store(uint64(10 * testing.AllocsPerRun(500, func() {
			_, _ = w.Write(chunk)
			_ = control.Flush()
		})))
		close(done)
	}, nil)
	conn := s.dial(t)
	fmt.Fprint(conn, ask)
	_, _ = io.Copy(io.Discard, io.LimitReader(conn, 90_000))
	<-done
	if n := perChunk.Load(); n > 0 {
		t.Errorf("%d allocations per 10 chunks", n)
	}
}

// A panic outside of handlers is one connection's trouble too.
func TestPanicsOutsideOfHandlers(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, func(c *Config) {
		c.Serves = func(path string) bool {
			if path == "/a" {
				panic("a mistake")
			}
			return true
		}
	})
	conn := s.dial(t)
	fmt.Fprint(conn, ask)
	if all, err := io.ReadAll(conn); len(all) > 0 || err != nil {
		t.Errorf("%q, %v", all, err)
	}
	conn = s.dial(t)
	fmt.Fprint(conn, strings.Replace(ask, "/a", "/b", 1))
	if got := answer(t, bufio.NewReader(conn)); got != "200 x" {
		t.Error(got)
	}
	if text := s.log.String(); strings.Count(text, "a mistake") != 1 {
		t.Errorf("logged %q", text)
	}
}

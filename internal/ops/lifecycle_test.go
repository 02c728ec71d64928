package ops_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

func (r *running) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

// A request ends when its client leaves, be it with a word, without one, or only with its sending half;
// and so it does in the middle of an answer.
func TestTheContextEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		leave := map[string]func(*net.TCPConn) error{
			"close": func(c *net.TCPConn) error { return c.Close() },
			"reset": func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) },
			"half":  func(c *net.TCPConn) error { return c.CloseWrite() },
		}
		for name, do := range leave {
			for _, request := range []string{question("/"), postOf("/", "abc"), question("/?flush"), question("/") + postOf("/", "x")[:10]} {
				began, ended := make(chan struct{}), make(chan error, 1)
				r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadAll(r.Body)
					if r.URL.Query().Has("flush") {
						_, _ = io.WriteString(w, "begun")
						_ = http.NewResponseController(w).Flush()
					}
					close(began)
					<-r.Context().Done()
					ended <- context.Cause(r.Context())
				})})
				conn := r.dial(t)
				send(t, conn, request)
				await(t, "the request", began)
				if strings.Contains(request, "POST / HT") && strings.HasPrefix(request, "GET") && name != "reset" {
					_ = do(conn) // who has sent more is seen to leave only by a reset
					r.stop()
					continue
				}
				if err := do(conn); err != nil {
					t.Fatal(err)
				}
				if err := await(t, name, ended); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

// A client that stays is not taken for one that has left, however long it says nothing.
func TestTheContextLastsWhileTheClientStays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		finish := make(chan struct{})
		contexts := make(chan context.Context, 1)
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			contexts <- r.Context()
			select {
			case <-finish:
				_, _ = io.WriteString(w, "whole")
			case <-r.Context().Done():
			}
		})})
		conn := r.dial(t)
		send(t, conn, question("/"))
		other := r.dial(t) // the server goes on with others meanwhile
		_ = other.Close()
		time.AfterFunc(500*time.Millisecond, func() { close(finish) }) // some looks of the watch
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "whole" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
		await(t, "the end of the context behind the answer", (<-contexts).Done())
	})
}

// A deadline that a handler sets ends a read that waits already, and is gone with its request.
func TestDeadlinesOfReads(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			if r.URL.Path == "/slow" {
				if err := control.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
					t.Error(err)
				}
			}
			_, err := io.ReadAll(r.Body)
			fmt.Fprint(w, errors.Is(err, os.ErrDeadlineExceeded))
		})})
		conn := r.dial(t)
		in := bufio.NewReader(conn)
		for i, want := range []string{"false", "true"} {
			if i == 0 {
				send(t, conn, postOf("/", "abc"))
			} else {
				send(t, conn, strings.TrimSuffix(postOf("/slow", "abc"), "c"))
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, _ := io.ReadAll(resp.Body); string(body) != want || resp.Close != (i == 1) {
				t.Errorf("request %d: %q, close %v", i, body, resp.Close)
			}
		}
	})
}

// A client that does not take its answer is given up when its deadline says so.
func TestDeadlinesOfWrites(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		ended := make(chan error, 1)
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/quick" {
				return
			}
			control := http.NewResponseController(w)
			_ = control.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			piece := make([]byte, 1<<20)
			for range 1000 {
				if _, err := w.Write(piece); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		})})
		conn := r.dial(t)
		send(t, conn, question("/"))
		if err := await(t, "the end of the writes", ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// While a server stops, an answer says that its connection ends with it, and those that wait for a request
// are closed.
func TestConnectionsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		began, draining, finish := make(chan struct{}), make(chan struct{}), make(chan struct{})
		r := start(t, ops.Server{OnDrain: func() { close(draining) }, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				close(began)
				<-finish
			}
			_, _ = io.WriteString(w, "whole")
		})})
		idle, busy := r.dial(t), r.dial(t)
		send(t, idle, question("/"))
		in := bufio.NewReader(idle)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(resp.Body)
		send(t, busy, question("/wait"))
		await(t, "the request", began)
		r.stop()
		await(t, "the drain", draining)
		if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("the idle connection: %v, want its end", err)
		}
		close(finish)
		all, err := io.ReadAll(busy)
		if err != nil || !strings.Contains(string(all), "\r\nConnection: close\r\n") || !strings.HasSuffix(string(all), "whole") {
			t.Errorf("%q, %v", all, err)
		}
		if err := await(t, "the end", r.ended); err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

// Requests for paths that are not served leanly, and all that follows on their connection, go to net/http.
func TestPathsChooseTheServer(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var served []string
	r := start(t, ops.Server{
		Plain: func(path string) bool { return strings.HasPrefix(path, "/v1/") },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			kind := "plain"
			if r.Context().Value(http.ServerContextKey) != nil {
				kind = "net/http"
			}
			mu.Lock()
			defer mu.Unlock()
			served = append(served, r.URL.Path+" "+kind)
		}),
	})
	conn := r.dial(t)
	send(t, conn, postOf("/v1/a", "x")+question("/v1/b")+question("/other")+question("/v1/c")+last)
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := "/v1/a plain, /v1/b plain, /other net/http, /v1/c net/http, /see net/http"
	if got := strings.Join(served, ", "); got != want {
		t.Errorf("served %s, want %s", got, want)
	}
}

// Many clients at once, each with its own answer.
func TestManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(append(body, r.URL.Path...))
			if len(body)%2 == 0 {
				_ = http.NewResponseController(w).Flush()
			}
		})})
		failed := make(chan error, 50)
		for i := range 50 {
			go func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for j := range 20 {
					body := strings.Repeat(fmt.Sprint(i), i*j*10)
					resp, err := client.Post(fmt.Sprintf("%s/%d/%d", r.url, i, j), "text/plain", strings.NewReader(body))
					if err != nil {
						failed <- err
						return
					}
					got, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if want := fmt.Sprintf("%s/%d/%d", body, i, j); err != nil || string(got) != want {
						failed <- fmt.Errorf("%d of %d: %d bytes, %w", j, i, len(got), err)
						return
					}
				}
				failed <- nil
			}()
		}
		for range 50 {
			if err := await(t, "a client", failed); err != nil {
				t.Error(err)
			}
		}
	})
}

// heads are what a client may send before it waits, and how often it is answered by then.
var heads = map[string]struct {
	parts []string
	want  []int // statuses that come behind each part
}{
	"lines that end with LF":             {[]string{"GET /see HTTP/1.1\nHost: x\n\n"}, []int{200}},
	"an empty line that ends with LF":    {[]string{"GET /see HTTP/1.1\r\nHost: x\r\n\n"}, []int{200}},
	"a first line without a version":     {[]string{"GET /see\r\n"}, []int{400}},
	"a first line that ends with LF":     {[]string{"POST /see\n"}, []int{400}},
	"a first line that is none":          {[]string{"Perhaps\r\n"}, []int{400}},
	"a line end alone behind a POST":     {[]string{postOf("/see", "abc"), "\r\n", question("/see")}, []int{200, 0, 200}},
	"a line end in pieces behind a POST": {[]string{postOf("/see", "abc"), "\r", "\n", question("/see")}, []int{200, 0, 0, 200}},
	"two line ends behind a POST":        {[]string{postOf("/see", "abc") + "\r\n\r\n", question("/see")}, []int{200, 200}},
	"more line ends behind a POST":       {[]string{postOf("/see", "abc"), "\r\n\r\n\r\n" + question("/see")}, []int{200, 400}},
	"a line end behind a GET":            {[]string{question("/see"), "\r\n" + question("/see")}, []int{200, 400}},
	"line ends at the end of a buffer":   {[]string{question("/see", "A: "+strings.Repeat("a", 16<<10-len(question("/see", "A: ")+postOf("/see", "abc"))-2)) + postOf("/see", "abc") + "\r\n", "", question("/see")}, []int{200, 200, 200}},
}

// Who waits for an answer gets it as soon as net/http would give it, and none where it would wait for more.
func TestAnswersComeWhenTheyCan(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		r := start(t, ops.Server{Handler: http.HandlerFunc(behave)})
		for name, tt := range heads {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				conn := r.dial(t)
				in := bufio.NewReader(conn)
				for i, part := range tt.parts {
					send(t, conn, part)
					if tt.want[i] == 0 {
						time.Sleep(20 * time.Millisecond) // for the server to see it alone; if it does not, the test shows less
						continue
					}
					resp, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatalf("behind %q: %v", part, err)
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != tt.want[i] {
						t.Fatalf("behind %q: %d, %v; want %d", part, resp.StatusCode, err, tt.want[i])
					}
				}
			})
		}
	})
}

// A body is read by one at a time, and by nobody once its request is answered: what a handler has left behind
// gets nothing of the next request.
func TestBodiesThatAreReadBehindTheirAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		reading, read := make(chan struct{}), make(chan error, 1)
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, "next")
				return
			}
			go func() {
				n, err := r.Body.Read(make([]byte, 1))
				close(reading)
				for err == nil {
					var more int
					more, err = r.Body.Read(make([]byte, 1000))
					n += more
				}
				if n > 2000 {
					err = fmt.Errorf("%d bytes of a body of 2000", n)
				}
				read <- err
			}()
			<-reading
			w.WriteHeader(http.StatusUnauthorized)
			_ = http.NewResponseController(w).Flush()
		})})
		conn := r.dial(t)
		request := postOf("/", strings.Repeat("b", 2000))
		send(t, conn, request[:len(request)-1500])
		await(t, "the handler", reading)
		for rest := request[len(request)-1500:]; rest != ""; rest = rest[100:] {
			send(t, conn, rest[:100])
		}
		in := bufio.NewReader(conn)
		for i, want := range []int{http.StatusUnauthorized, http.StatusOK, http.StatusOK} {
			if i > 0 {
				send(t, conn, question("/next"))
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != want {
				t.Errorf("%d %q, %v; want %d", resp.StatusCode, body, err, want)
			}
		}
		if err := await(t, "the end of the reading", read); !errors.Is(err, http.ErrBodyReadAfterClose) && !errors.Is(err, io.EOF) {
			t.Errorf("the reading ended with %v", err)
		}
	})
}

// Who reads a body behind the answer is not told that it was empty.
func TestBodiesThatAreReadTooLate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		got := make(chan string, 1)
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			if r.URL.Path == "/flushed" {
				_ = http.NewResponseController(w).Flush()
			}
			body, err := io.ReadAll(r.Body)
			got <- fmt.Sprintf("%q %v", body, err)
		})})
		conn := r.dial(t)
		for path, want := range map[string]string{"/": `"abc" <nil>`, "/flushed": fmt.Sprintf(`"" %v`, http.ErrBodyReadAfterClose)} {
			send(t, conn, postOf(path, "abc"))
			if s := await(t, path, got); s != want {
				t.Errorf("%s: read %s, want %s", path, s, want)
			}
		}
	})
}

// A client that takes nothing ends its request, not only the write that took too long.
func TestTheContextEndsWithAWriteThatFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		ended := make(chan error, 1)
		r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			for some := make([]byte, 1<<20); ; {
				if _, err := w.Write(some); err != nil {
					break
				}
			}
			select {
			case <-r.Context().Done():
				ended <- r.Context().Err()
			case <-time.After(patience):
				ended <- nil
			}
		})})
		send(t, r.dial(t), question("/"))
		if err := await(t, "the end of the request", ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

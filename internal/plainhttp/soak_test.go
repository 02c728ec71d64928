package plainhttp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// occupied is what the process holds.
type occupied struct {
	goroutines, files int
	heap              uint64
}

func occupies(t *testing.T) occupied {
	t.Helper()
	runtime.GC()
	runtime.GC() // what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be counted here")
	}
	return occupied{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// Connections that come, wait, work and leave in every way leave nothing behind. TRUNKLINE_SOAK=3m has 5,000 of
// them wait and 500 work for so long. Not parallel: what other tests hold would be counted.
func TestNothingIsLeftBehind(t *testing.T) {
	idle, active, d := 100, 20, 200*time.Millisecond
	if soak := os.Getenv("TRUNKLINE_SOAK"); soak != "" {
		var err error
		if d, err = time.ParseDuration(soak); err != nil {
			t.Fatal(err)
		}
		idle, active = 5_000, 500
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			for range 10 {
				if _, err := io.WriteString(w, "data: x\n\n"); err != nil || http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
					return
				}
			}
			return
		}
		_, _ = io.Copy(w, r.Body)
	}, nil)
	s.wave(t, idle, active, d/10) // so that what is made once has been made: the runtime keeps what goroutines were
	s.settle(t, occupied{})
	before := occupies(t)
	visits := s.wave(t, idle, active, d)
	s.settle(t, before)
	after := occupies(t)
	t.Logf("%d connections waited, %d came and went; before %+v, after %+v", idle, visits, before, after)
	if after.heap > before.heap+1<<20 {
		t.Errorf("%d KB of memory are left behind", (after.heap-before.heap)/1024)
	}
}

// wave has connections wait while others come, work and leave, and closes them. It returns how many came.
func (s *served) wave(t *testing.T, idle, active int, d time.Duration) (visits int64) {
	t.Helper()
	waiting := make([]net.Conn, idle)
	for i := range waiting {
		var err error
		if waiting[i], err = net.Dial("tcp", s.address); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(waiting[i], post("/echo", "hello"))
		if got := answer(t, bufio.NewReader(waiting[i])); got != "200 hello" {
			t.Fatal(got)
		}
	}
	var wg sync.WaitGroup
	var came atomic.Int64
	end := time.Now().Add(d)
	for i := range active {
		wg.Go(func() {
			for n := i; n == i || time.Now().Before(end); n++ {
				if err := s.visit(n); err != nil {
					t.Error(err)
					return
				}
				came.Add(1)
			}
		})
	}
	wg.Wait()
	for _, conn := range waiting {
		_ = conn.Close()
	}
	return came.Load()
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// visit is one connection: it asks some times, and leaves as clients do.
func (s *served) visit(n int) error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	ask := func(raw, want string) error {
		if _, err := io.WriteString(conn, raw); err != nil {
			return err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("%.40q: %w", raw, err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != want {
			return fmt.Errorf("%.40q: answered %.40q, %w", raw, body, err)
		}
		return nil
	}
	long := strings.Repeat("b", 1+n%100_000)
	for range 1 + n%20 {
		if err := ask(post("/echo", long), long); err != nil {
			return err
		}
	}
	switch n % 6 {
	case 0: // in the middle of a head
		_, err = io.WriteString(conn, "POST /echo HTTP/1.1\r\nHost:")
	case 1: // in the middle of a body
		_, err = io.WriteString(conn, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	case 2: // in the middle of an answer
		if _, err = io.WriteString(conn, post("/stream", "")); err == nil {
			_, err = in.ReadByte()
		}
	case 3: // by another server, which keeps the connection
		err = ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello")
	case 4:
		err = ask("POST /echo HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "hello")
	}
	return err
}

// settle waits until no connection is served, and there are as many goroutines and files as before.
func (s *served) settle(t *testing.T, before occupied) {
	t.Helper()
	for give := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		left := len(s.conns)
		s.mu.Unlock()
		now := occupies(t)
		if left == 0 && (before == occupied{} || now.goroutines <= before.goroutines && now.files <= before.files) {
			return
		}
		if time.Now().After(give) {
			t.Fatalf("%d connections are left, %d goroutines of %d, %d files of %d", left, now.goroutines, before.goroutines, now.files, before.files)
		}
	}
}

package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// T-X3: thousands of connections that send next to nothing. Each is ended in time, others
// are served meanwhile, and the memory they cost is bounded.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	each := 150
	if long {
		each = 1700 // 5,100 at once
	}
	f := newFleet(t, setup{noRedis: true, config: provider("primary", "ok") + provider("backup", "ok") + group("g", "primary/ok", "backup/ok") + keys("g")})
	post := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + appKey + "\r\nContent-Type: application/json\r\n"
	senders := []struct {
		name, first string
		drip        bool   // goes on with a byte at a time
		answer      string // what the node says before it hangs up; empty: nothing
	}{
		{"nothing at all", "", false, ""},
		{"headers without an end", post, true, ""},
		{"a body that drips", post + "Content-Length: 100000\r\n\r\n{\"model\":\"g\",\"x\":\"", true, "HTTP/1.1 408 "},
	}
	memory := f.memory(t)
	others := f.client(t, otherKey).steadily(t, 30, "g")
	others.more(t, 10)
	ctx, leave := context.WithTimeout(t.Context(), patience)
	defer leave()
	var wg sync.WaitGroup
	var there, longest atomic.Int64
	for _, s := range senders {
		for n := range each {
			wg.Go(func() {
				conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostOf(f.nodes[n%3].Address("api")))
				if err != nil {
					t.Errorf("%s: %v", s.name, err)
					return
				}
				there.Add(1)
				began := time.Now()
				answer, err := dripTo(ctx, conn, s.first, s.drip)
				if ctx.Err() != nil || err != nil && answer == "" && s.answer != "" {
					t.Errorf("%s: after %v: %v", s.name, time.Since(began), err)
				}
				if !strings.HasPrefix(answer, s.answer) || s.answer == "" && strings.HasPrefix(answer, "HTTP/1.1 2") {
					t.Errorf("%s: answered %.100q, want %q", s.name, answer, s.answer)
				}
				longest.Store(max(longest.Load(), int64(time.Since(began))))
			})
		}
	}
	eventually(t, "all are there", func() bool { return there.Load() == int64(len(senders)*each) })
	others.more(t, 60) // while they are there
	wg.Wait()
	others.more(t, 10)
	all := others.end()
	for _, a := range all {
		if !a.good() {
			t.Errorf("somebody else was told: %v", a)
		}
	}
	wantGrowth(t, memory, 64*mib+float64(len(senders)*each*(64<<10)))
	eventually(t, "no call is left", func() bool { return f.total("trunkline_calls_in_flight") == 0 })
	t.Logf("figures: %d slow senders at once, the last of them ended after %v; %d calls of others, 0 failed, p99 %v",
		len(senders)*each, time.Duration(longest.Load()).Round(time.Millisecond), len(all), quantile(all, 0.99))
}

// dripTo sends bytes, and then one more at a time, until the other side hangs up; it
// returns what that said.
func dripTo(ctx context.Context, conn net.Conn, first string, drip bool) (answer string, err error) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, first); err != nil {
		return "", err
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		var b []byte
		b, err = io.ReadAll(conn)
		answer = string(b)
	}()
	for tick := time.NewTicker(500 * time.Millisecond); ; { // the sender's pace
		select {
		case <-heard:
			tick.Stop()
			return answer, err
		case <-tick.C:
			if drip {
				_, _ = io.WriteString(conn, "a") // when it fails, the reader knows
			}
		}
	}
}

// T-S2: readers that take a few bytes a second of large answers. What waits for them is
// held by the upstream and not by the node, and all others are served.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	readers, calls := 240, 90
	if long {
		readers, calls = 400, 1500 // of more, the kernel itself holds more than it wants to for all of TCP
	}
	const large = "huge-40" // MiB each, in events of 64 KiB
	f := newFleet(t, setup{noRedis: true, config: provider("primary", large) + provider("backup", "ok") + group("large", "primary/"+large) +
		group("g", "backup/ok") + keys("large", "g")})
	memory := f.memory(t)
	ctx, leave := context.WithTimeout(t.Context(), 5*patience)
	defer leave()
	var wg sync.WaitGroup
	var reading, gone, taken atomic.Int64
	for n := range readers {
		wg.Go(func() {
			began := time.Now()
			err := sip(ctx, f.nodes[n%3].Address("api"), n%2 == 0, &reading, &taken)
			// One write to a client may take a minute: on a busy machine the first are gone
			// before the last are there.
			if held := time.Since(began); ctx.Err() == nil && held < slowClient {
				t.Errorf("a slow reader was cut after %v: %v", held, err)
			}
			gone.Add(1)
		})
	}
	eventuallyWithin(t, 4*patience, "all read", func() bool { return t.Failed() || reading.Load() == int64(readers) })
	eventually(t, "all that are there were held back", func() bool {
		return t.Failed() || f.total("trunkline_calls_in_flight")+float64(gone.Load()) >= float64(readers)
	})
	others := f.client(t, otherKey).steadily(t, 30, "g")
	others.more(t, calls)
	all := others.end()
	for _, a := range all {
		if !a.good() {
			t.Errorf("somebody else was told: %v", a)
		}
	}
	// 256 KiB for each stream; a plain answer is held up to 2 MiB, to judge it.
	perNode := float64(readers) / 3
	wantGrowth(t, memory, 64*mib+perNode/2*(256<<10)+perNode/2*4*mib)
	leave()
	wg.Wait()
	eventually(t, "no call is left", func() bool {
		return f.total("trunkline_calls_in_flight") == 0 && f.running("primary", large) == 0
	})
	t.Logf("figures: %d slow readers of %d MiB each took %d bytes in all; %d calls of others, 0 failed, p99 %v",
		readers, 40, taken.Load(), len(all), quantile(all, 0.99))
}

// slowClient is how long a node waits for a client that takes nothing.
const slowClient = time.Minute

// sip asks for a large answer and reads a few bytes of it a second until ctx ends.
func sip(ctx context.Context, url string, stream bool, reading, taken *atomic.Int64) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostOf(url))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10) // else the kernel takes megabytes for it
	}
	body := fmt.Sprintf(`{"model":"large","stream":%v,"messages":[]}`, stream)
	if _, err := fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", appKey, len(body), body); err != nil {
		return err
	}
	buf := make([]byte, 16)
	for first := true; ; first = false {
		n, err := io.ReadFull(conn, buf)
		if err != nil {
			return err
		}
		if first {
			if !strings.HasPrefix(string(buf), "HTTP/1.1 200 ") {
				return fmt.Errorf("answered %q", buf)
			}
			reading.Add(1)
		}
		taken.Add(int64(n))
		time.Sleep(time.Second) // the reader's pace
	}
}

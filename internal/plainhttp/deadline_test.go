package plainhttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

func TestDeadlinesAreSetOnlyWhenTheyMatter(t *testing.T) {
	t.Parallel()
	var set []time.Time
	d := deadline{apply: func(at time.Time) error { set = append(set, at); return nil }}
	start := time.Now()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	steps := []struct {
		name string
		now  int
		want time.Time
		set  bool
	}{
		{"none", 0, time.Time{}, false},
		{"the first", 0, at(100), true},
		{"the same", 1, at(100), false},
		{"a little later", 10, at(110), false},
		{"much later", 50, at(150), true},
		{"a little earlier", 50, at(149), true},
		{"none any more", 60, time.Time{}, true},
		{"again", 60, at(70), true},
		{"behind one that has passed", 80, at(90), true},
	}
	for _, s := range steps {
		before := len(set)
		d.want(s.want)
		if len(set) != before {
			t.Errorf("%s: set before anybody waits", s.name)
		}
		d.begin(at(s.now))
		d.end()
		if is := len(set) > before; is != s.set || is && !set[before].Equal(s.want) {
			t.Errorf("%s: set %v, want %v", s.name, set[before:], s.set)
		}
	}
	d.begin(at(80))
	if d.want(at(81)); !set[len(set)-1].Equal(at(81)) {
		t.Error("not set while somebody waits")
	}
	d.end()
	d.want(at(100))
	d.begin(at(80))
	d.want(at(101))
	timeout := fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	if n := len(set); !set[n-1].Equal(at(100)) || d.early(nil) || d.early(io.EOF) || !d.early(timeout) || len(set) != n+1 || !set[n].Equal(at(101)) || d.early(timeout) {
		t.Errorf("set %v while %v is wanted", set[n-1:], at(101))
	}
}

// A socket may be told of a deadline that is a little early; who waits does not notice.
func TestNobodyWaitsTooShort(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	_ = peer.SetDeadline(time.Now().Add(patience))
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	tcp := nc.(*net.TCPConn)
	c := &conn{tcp: tcp, sock: rawsocket.Of(tcp)}

	// early is a deadline of which the socket has an earlier one, which has passed. then is called when it is told.
	early := func(apply func(time.Time) error, then func()) deadline {
		wanted := time.Now().Add(patience)
		_ = apply(time.Now().Add(-time.Second))
		return deadline{wanted: wanted, set: wanted.Add(-patience / 10), apply: func(at time.Time) error {
			defer then()
			return apply(at)
		}}
	}
	say := func() { _, _ = peer.Write([]byte("said")) }
	c.reads = early(tcp.SetReadDeadline, say)
	if err := c.fill(time.Now()); err != nil || string(c.in.unread()) != "said" {
		t.Errorf("filled with %q, %v", c.in.unread(), err)
	}
	c.in.Release()
	c.reads = early(tcp.SetReadDeadline, say)
	b := make([]byte, 8)
	if n, err := c.read(b); err != nil || string(b[:n]) != "said" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	for _, pieces := range [][][]byte{{[]byte("whole")}, {[]byte("in "), []byte("pieces")}} {
		c.writes = early(tcp.SetWriteDeadline, func() {})
		want := string(bytes.Join(pieces, nil))
		if err := c.write(pieces); err != nil {
			t.Errorf("%q is not written: %v", want, err)
			continue
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(peer, got); err != nil || string(got) != want {
			t.Errorf("%q arrives as %q, %v", want, got, err)
		}
	}

	c.reads = deadline{apply: tcp.SetReadDeadline}
	c.reads.want(time.Now().Add(-time.Second))
	if _, err := c.read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("behind the deadline it goes on: %v", err)
	}
	if err := c.fill(time.Now()); !errors.Is(err, os.ErrDeadlineExceeded) || c.in.lent != nil {
		t.Errorf("behind the deadline it goes on: %v", err)
	}
}

package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http/httputil"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// readConn is a connection that only reads.
type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(b []byte) (int, error) { return c.Reader.Read(b) }

// FuzzChunked holds the reader of chunked bodies against net/http's: what it accepts,
// net/http accepts with the same data. It may refuse more.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"5\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n1 \r\n!\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "a\r\nhello",
		"0\r\n", "0;\r\r\n", "fffffffffffffffff\r\n", "5\r\nhello0\r\n", "-1\r\n", "\r\n", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "5\r\nhello\r\r\n0\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for name, src := range map[string]io.Reader{"at once": strings.NewReader(raw), "byte by byte": iotest.OneByteReader(strings.NewReader(raw))} {
			in := &input{nc: readConn{Reader: src}}
			got, err := io.ReadAll(&chunked{in: in})
			want, wantErr := io.ReadAll(httputil.NewChunkedReader(bufio.NewReader(strings.NewReader(raw))))
			if err == nil && (wantErr != nil || !bytes.Equal(got, want)) {
				t.Fatalf("%q, %s: %q, want %q, %v", raw, name, got, want, wantErr)
			}
			if !bytes.HasPrefix(want, got) {
				t.Fatalf("%q, %s: %q is no beginning of %q", raw, name, got, want)
			}
		}
	})
}

func TestChunksOfLittleButOverheadAreRefused(t *testing.T) {
	t.Parallel()
	raw := strings.Repeat("1;"+strings.Repeat("x", 100)+"\r\na\r\n", 1000) + "0\r\n\r\n"
	got, err := io.ReadAll(&chunked{in: &input{nc: readConn{Reader: strings.NewReader(raw)}}})
	if err == nil || len(got) > 300 {
		t.Errorf("%d bytes were read, err = %v", len(got), err)
	}
}

// TestLines covers lines that end in another read than they begin, and ones that are longer
// than the buffer.
func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", ownBuffer)
	raw := "a\r\n" + strings.Repeat("y", 1000) + "\n" + long + "z\nend"
	for name, src := range map[string]io.Reader{"at once": strings.NewReader(raw), "in halves": iotest.HalfReader(strings.NewReader(raw))} {
		in := &input{nc: readConn{Reader: src}}
		var got []string
		for {
			line, err := in.line()
			got = append(got, string(line))
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && (!errors.Is(err, bufio.ErrBufferFull) || len(line) != ownBuffer) {
				t.Fatalf("%s: %d bytes, %v", name, len(line), err)
			}
		}
		if len(got) != 5 || got[0] != "a\r\n" || got[2] != long || got[3] != "z\n" || got[4] != "end" {
			t.Errorf("%s: %d parts: %.20q", name, len(got), got)
		}
	}
}

// TestAQuietSocketHoldsNoBuffer is what makes an open stream that is quiet cheap.
func TestAQuietSocketHoldsNoBuffer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c := newConn(origin{}, nc)
	if c.in.sock == nil {
		t.Skip("sockets cannot be waited for without a buffer here")
	}

	if _, err := peer.Write([]byte("one\ntwo")); err != nil {
		t.Fatal(err)
	}
	if line, err := c.in.line(); string(line) != "one\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	var b [8]byte
	if n, err := c.in.Read(b[:]); string(b[:n]) != "two" || err != nil {
		t.Fatalf("%q, %v", b[:n], err)
	}
	// Waiting ends by a deadline here, so that it can be seen that nothing was held.
	if err := nc.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if err := c.in.more(); !errors.As(err, &timeout) || !timeout.Timeout() || c.in.buf != nil {
		t.Errorf("err = %v, %d bytes are held", err, len(c.in.buf))
	}
}

// TestAwait covers what a stream's reader relies on: behind await a Read does not wait, and
// between chunks nothing is held.
func TestAwait(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	x := &exchange{c: newConn(origin{}, nc), framing: framing{chunked: true}}
	x.chunks = chunked{in: &x.c.in}
	var b [64]byte
	for _, part := range []string{"5\r\nhello\r\n", "1\r\na\r\n1\r\nb\r\n"} {
		if _, err := peer.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		x.await()
		if n, err := x.chunks.Read(b[:]); n == 0 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if x.c.in.unread() > 0 {
			t.Errorf("%q is left unread", x.c.in.buf[x.c.in.r:x.c.in.w])
		}
	}
	peer.Close()
	x.await()
	if n, err := x.chunks.Read(b[:]); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v, want an early end", n, err)
	}
}

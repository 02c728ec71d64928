//go:build unix

package rawsocket

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// lender counts what is lent.
type lender struct {
	buf         [8]byte
	lent, loans int
}

func (l *lender) Lend() []byte {
	l.lent++
	l.loans++
	return l.buf[:]
}

func (l *lender) Release() { l.lent-- }

func pair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), other.Close() })
	return c.(*net.TCPConn), other.(*net.TCPConn)
}

// A buffer is lent for bytes, and for nothing else.
func TestRead(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	s, b := Of(near), &lender{}
	if _, err := far.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"01234567", "89"} {
		n, err := s.Read(b)
		if err != nil || string(b.buf[:n]) != want || b.lent != 1 {
			t.Fatalf("read %q, %v with %d buffers lent, want %q and one", b.buf[:n], err, b.lent, want)
		}
		b.Release()
	}
	none := func(when string, want error) {
		t.Helper()
		if n, err := s.Read(b); n != 0 || !errors.Is(err, want) || b.lent != 0 {
			t.Errorf("%s: %d bytes, %v with %d buffers lent, want %v and none", when, n, err, b.lent, want)
		}
	}
	_ = near.SetReadDeadline(time.Now().Add(-time.Second))
	none("a deadline that has passed", os.ErrDeadlineExceeded)
	_ = near.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	none("a deadline that passes", os.ErrDeadlineExceeded)
	_ = near.SetReadDeadline(time.Time{})
	_ = far.CloseWrite()
	none("the end", io.EOF)
	_ = near.Close()
	none("a closed connection", net.ErrClosed)
}

// A look takes nothing, waits for nothing, and sees the end, also while another goroutine waits for bytes.
func TestLook(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	s := Of(near)
	await := func(want State) {
		t.Helper()
		for give := time.Now().Add(time.Minute); s.Look() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(give) {
				t.Fatalf("it looks like %d, want %d", s.Look(), want)
			}
		}
	}
	await(Quiet)
	_ = near.SetReadDeadline(time.Now().Add(-time.Second)) // of an exchange that is over
	await(Quiet)
	_ = near.SetReadDeadline(time.Time{})
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	await(Pending)
	b := &lender{}
	if n, err := s.Read(b); n != 1 || err != nil || b.buf[0] != 'x' {
		t.Fatalf("what was looked at is gone: %d bytes, %v", n, err)
	}
	b.Release()
	read := make(chan error)
	go func() {
		_, err := s.Read(&lender{})
		read <- err
	}()
	await(Quiet)
	_ = far.Close()
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Errorf("read ends with %v", err)
	}
	await(Ended)
	_ = near.Close()
	await(Ended)
	if (*Socket)(nil).Look() != Quiet {
		t.Error("no socket looks like something")
	}
}

func TestNoSocket(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Of(a) != nil {
		t.Error("a pipe is a socket")
	}
}

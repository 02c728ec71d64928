//go:build unix

package rawsocket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
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
func TestReadLent(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	s, b := Of(near), &lender{}
	if _, err := far.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"01234567", "89"} {
		n, err := s.ReadLent(b)
		if err != nil || string(b.buf[:n]) != want || b.lent != 1 {
			t.Fatalf("read %q, %v with %d buffers lent, want %q and one", b.buf[:n], err, b.lent, want)
		}
		b.Release()
	}
	none := func(when string, want error) {
		t.Helper()
		if n, err := s.ReadLent(b); n != 0 || !errors.Is(err, want) || b.lent != 0 {
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

// What is larger than one call, and than what the kernel holds, arrives whole, through the connection too.
func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	a, b := Conn(near, Of(near)), Of(far)
	sent := make([]byte, 16<<20)
	for i := range sent {
		sent[i] = byte(i >> 3 * 7)
	}
	wrote := make(chan error)
	go func() {
		n, err := a.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		wrote <- errors.Join(err, near.CloseWrite())
	}()
	if n, err := b.Read(nil); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
	got, err := io.ReadAll(readerFunc(func(p []byte) (int, error) {
		n, err := b.Read(p[:cap(p)])
		if n > atOnce {
			t.Errorf("one call has read %d bytes", n)
		}
		return n, err
	}))
	if err := errors.Join(err, <-wrote); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes arrived: %v", len(got), len(sent), err)
	}
	if n, err := b.Write(nil); n != 0 || err != nil {
		t.Errorf("a write of nothing: %d, %v", n, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Errors are those of package net: who asks for their kind, or for the operation, gets the same answer.
func TestErrors(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	s := Of(near)
	check := func(when, op string, err, want error) {
		t.Helper()
		e, is := errors.AsType[*net.OpError](err)
		if !is || e.Op != op || !errors.Is(err, want) || e.Timeout() != (want == os.ErrDeadlineExceeded) {
			t.Errorf("%s: %#v, want %s: %v", when, err, op, want)
		}
	}
	_ = near.SetDeadline(time.Now().Add(-time.Second))
	_, err := s.Write([]byte("x"))
	check("a write behind its deadline", "write", err, os.ErrDeadlineExceeded)
	_, err = s.Read(make([]byte, 1))
	check("a read behind its deadline", "read", err, os.ErrDeadlineExceeded)

	_ = near.SetDeadline(time.Time{})
	ends := make(chan error)
	const more = 64 << 20 // than two sockets hold
	go func() {
		n, err := s.Write(make([]byte, more))
		if n == 0 || n == more {
			t.Errorf("a write that waits for room has written %d bytes", n)
		}
		ends <- err
	}()
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = near.SetWriteDeadline(time.Now().Add(-time.Second))
	check("a write that waits for room", "write", <-ends, os.ErrDeadlineExceeded)

	_ = near.SetWriteDeadline(time.Time{})
	_ = far.SetLinger(0) // which resets the connection
	_ = far.Close()
	_, err = s.Read(make([]byte, 1))
	check("a read of a connection that was reset", "read", err, syscall.ECONNRESET)
	_, err = s.Write([]byte("x"))
	check("a write to one", "write", err, syscall.EPIPE)

	_ = near.Close()
	_, err = s.Write([]byte("x"))
	check("a write of our own end", "write", err, net.ErrClosed)
	_, err = s.Read(make([]byte, 1))
	check("a read of it", "read", err, net.ErrClosed)
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
	if n, err := s.ReadLent(b); n != 1 || err != nil || b.buf[0] != 'x' {
		t.Fatalf("what was looked at is gone: %d bytes, %v", n, err)
	}
	b.Release()
	read := make(chan error)
	go func() {
		_, err := s.ReadLent(&lender{})
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
	if Conn(a, nil) != a {
		t.Error("without a socket the connection is another")
	}
}

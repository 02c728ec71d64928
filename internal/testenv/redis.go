//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a server of a test's own, empty at the start and without persistence.
// Its methods fail the test when they cannot do their job; they are for one goroutine
// at a time.
type RedisServer struct {
	Addr string // host:port
	box  *sandbox
	bin  string
}

// Redis starts a server that ends with the test. It takes a few hundredths of a second,
// so every test gets its own.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	s, err := startRedis()
	require(t, "redis-server", err)
	t.Cleanup(func() {
		if err := s.box.close(); err != nil {
			t.Errorf("close Redis: %v", err)
		}
	})
	return s
}

// URL is the server's address in the form of REDIS_URL.
func (s *RedisServer) URL() string { return "redis://" + s.Addr + "/0" }

// Kill ends the server with SIGKILL; connections break, new ones are refused.
func (s *RedisServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.box.end(syscall.SIGKILL); err != nil {
		t.Fatalf("kill Redis: %v", err)
	}
}

// Restart starts the server again on the same address, ending it first when it runs.
// It comes back empty.
func (s *RedisServer) Restart(t testing.TB) {
	t.Helper()
	s.Kill(t)
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = s.start(); err == nil {
			return
		}
	}
	t.Fatalf("restart Redis: %v", err)
}

// Pause freezes the server: connections stay open and new ones are accepted by the
// system, but nothing answers.
func (s *RedisServer) Pause(t testing.TB) {
	t.Helper()
	if err := s.box.signal(syscall.SIGSTOP); err != nil {
		t.Fatalf("pause Redis: %v", err)
	}
}

// Resume ends a Pause.
func (s *RedisServer) Resume(t testing.TB) {
	t.Helper()
	if err := s.box.signal(syscall.SIGCONT); err != nil {
		t.Fatalf("resume Redis: %v", err)
	}
}

// startRedis starts a server on a free port.
func startRedis() (_ *RedisServer, err error) {
	bin, err := binary("redis-server")
	if err != nil {
		return nil, err
	}
	box, err := newSandbox("redis")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, box.close())
		}
	}()
	s := &RedisServer{box: box, bin: bin}
	for range 5 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no free port found for Redis: %s", box.logTail())
}

// start runs the server on its address and waits until it answers.
func (s *RedisServer) start() error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	err = s.box.start(s.bin, "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", s.box.dir)
	if err != nil {
		return err
	}
	return s.box.awaitReady(func() bool { return pong(s.Addr) })
}

// pong reports whether a Redis answers at the address.
func pong(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	answer := make([]byte, len("+PONG\r\n"))
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return false
	}
	_, err = io.ReadFull(c, answer)
	return err == nil && string(answer) == "+PONG\r\n"
}

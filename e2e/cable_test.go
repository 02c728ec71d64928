package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// cable forwards connections to an address until it is cut.
type cable struct {
	address string // to dial instead
	to      string

	mu    sync.Mutex
	isCut bool
	open  map[net.Conn]struct{}
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{address: lis.Addr().String(), to: to, open: map[net.Conn]struct{}{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := lis.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { c.forward(in) })
		}
	})
	t.Cleanup(func() {
		_ = lis.Close()
		c.cut()
		wg.Wait()
	})
	return c
}

func (c *cable) forward(in net.Conn) {
	defer in.Close()
	if !c.enter(in) {
		return
	}
	defer c.leave(in)
	out, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer out.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, in)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
	_ = in.Close()
	<-done
}

func (c *cable) enter(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return false
	}
	c.open[conn] = struct{}{}
	return true
}

func (c *cable) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// cut ends what is open and lets nothing through any more.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	for conn := range c.open {
		_ = conn.Close()
	}
}

func (c *cable) repair() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = false
}

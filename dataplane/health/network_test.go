package health_test

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// operator is a client of Redis as an operator has one.
type operator struct{ *redis.Client }

func operate(t *testing.T, server *testenv.RedisServer) operator {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { c.Close() })
	return operator{c}
}

// ACLLogCount is how often something was refused, in all.
func (o operator) ACLLogCount(t *testing.T) (n int64) {
	t.Helper()
	entries, err := o.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		n += e.Count
	}
	return n
}

// proxy is a network between a node and Redis that does what a test says.
type proxy struct {
	lis    net.Listener
	target string
	delay  atomic.Int64           // of each answer, in ns
	broken atomic.Bool            // answers with nonsense
	cut    atomic.Bool            // takes no connection
	moved  atomic.Pointer[string] // where the target has moved

	mu    sync.Mutex
	conns map[net.Conn]bool // guarded by mu
	wg    sync.WaitGroup
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{lis: lis, target: target, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		lis.Close()
		p.drop()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "redis://" + p.lis.Addr().String() + "/0" }

// drop cuts every connection.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.lis.Accept()
		if err != nil {
			return
		}
		target := p.target
		if moved := p.moved.Load(); moved != nil {
			target = *moved
		}
		server, err := net.Dial("tcp", target)
		if err != nil || p.cut.Load() {
			client.Close()
			if err == nil {
				server.Close()
			}
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.wg.Go(func() {
			defer server.Close()
			_, _ = io.Copy(server, client) // until either side ends
		})
		p.wg.Go(func() {
			defer client.Close()
			p.answer(client, bufio.NewReader(server))
		})
	}
}

// answer passes on what the server says, later or spoilt.
func (p *proxy) answer(client net.Conn, server *bufio.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		out := buf[:n]
		if p.broken.Load() {
			out = []byte("HTTP/1.1 400 Bad Request\r\n\r\n")
		}
		time.Sleep(time.Duration(p.delay.Load())) // this is the delay itself, not a wait for something
		if _, err := client.Write(out); err != nil {
			return
		}
	}
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

// Roles that this program plays as a process of its own.
const (
	roleUpstream = "upstream"
	roleProxy    = "reverse-proxy"

	upstreamVariable = "TRUNKLINE_BENCH_UPSTREAM" // host:port, for roleProxy
	listenVariable   = "TRUNKLINE_BENCH_LISTEN"   // host:port, for roleUpstream; empty: a free port
)

// listening is the line by which a role says that it serves.
var listening = regexp.MustCompile(`^listening on (\S+)$`)

func play(role string) error {
	var handler http.Handler
	address := "127.0.0.1:0"
	switch role {
	case roleUpstream:
		handler = fakeprovider.New(fakeprovider.Config{MaxServed: -1, MaxBody: -1})
		address = cmp.Or(os.Getenv(listenVariable), address)
	case roleProxy:
		handler = reverseProxy(os.Getenv(upstreamVariable))
	default:
		return fmt.Errorf("unknown role %q", role)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Printf("listening on %s\n", l.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	return server.Serve(l) // until the bench ends the process
}

// reverseProxy is the baseline: the standard library's proxy, tuned as far as it goes.
func reverseProxy(upstream string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: upstream}) },
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 4096,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
			WriteBufferSize:     64 << 10,
			ReadBufferSize:      16 << 10,
		},
		FlushInterval: -1,
		BufferPool:    &buffers{sync.Pool{New: func() any { return new([32 << 10]byte) }}},
		ErrorLog:      log.New(io.Discard, "", 0),
	}
}

// buffers is httputil's pool of copy buffers.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().(*[32 << 10]byte)[:] }
func (b *buffers) Put(p []byte) { b.pool.Put((*[32 << 10]byte)(p)) }

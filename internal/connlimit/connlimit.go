// Package connlimit bounds how many connections one address may have open at a listener, so that
// nobody keeps others out by opening many. What is beyond is reset as soon as it is accepted.
package connlimit

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/internal/clientip"
)

// Limit bounds connections. It is safe for concurrent use.
type Limit struct {
	perAddress int
	uncapped   []netip.Prefix
	log        *slog.Logger
	open       *prometheus.GaugeVec
	refused    *prometheus.CounterVec
}

// Config is complete when every field without a default is set.
type Config struct {
	// PerAddress is how many connections an address may have open at each listener; default what
	// Default gives. IPv6 counts by networks of 64 bits, for one customer has all of it.
	PerAddress int
	// Uncapped are addresses of load balancers and proxies, from which everybody's connections come.
	Uncapped []netip.Prefix
	Logger   *slog.Logger          // required
	Metrics  prometheus.Registerer // required
}

// New returns a limit.
func New(cfg Config) *Limit {
	if cfg.PerAddress == 0 {
		cfg.PerAddress = Default()
	}
	l := &Limit{perAddress: cfg.PerAddress, uncapped: cfg.Uncapped, log: cfg.Logger}
	labels := []string{"listener"}
	l.open = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trunkline_connections", Help: "Open connections, by listener (api, console, nodes, ops)."}, labels)
	l.refused = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "trunkline_connections_refused_total", Help: "Connections that were reset because their address had reached the limit, by listener."}, labels)
	cfg.Metrics.MustRegister(l.open, l.refused)
	return l
}

// Listener counts the connections that ln accepts, apart from those of other listeners; name is
// for metrics and the log.
func (l *Limit) Listener(name string, ln net.Listener) net.Listener {
	return &listener{
		Listener: ln, limit: l, log: l.log.With("listener", name), counts: map[netip.Addr]int{},
		open: l.open.WithLabelValues(name), refused: l.refused.WithLabelValues(name),
	}
}

type listener struct {
	net.Listener
	limit   *Limit
	log     *slog.Logger
	open    prometheus.Gauge
	refused prometheus.Counter

	mu     sync.Mutex
	counts map[netip.Addr]int // of open connections; guarded by mu
	told   time.Time          // when a refusal was logged last; guarded by mu
}

// tellEvery is how often refusals are logged at most.
const tellEvery = time.Minute

// Accept gives the next connection of an address that may have one more.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := source(c.RemoteAddr())
		if !l.enter(from) {
			l.refuse(c, from)
			continue
		}
		l.open.Inc()
		return &conn{Conn: c, listener: l, from: from}, nil
	}
}

// enter counts a connection, unless its address has as many as it may.
func (l *listener) enter(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[from] >= l.limit.perAddress && !l.limit.isUncapped(from) {
		return false
	}
	l.counts[from]++
	return true
}

func (l *listener) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[from]--; l.counts[from] <= 0 {
		delete(l.counts, from)
	}
}

// refuse resets a connection: an orderly end would keep something of it here for a minute.
func (l *listener) refuse(c net.Conn, from netip.Addr) {
	l.refused.Inc()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
	l.mu.Lock()
	tell := time.Since(l.told) >= tellEvery
	if tell {
		l.told = time.Now()
	}
	l.mu.Unlock()
	if tell {
		l.log.Warn("connections refused: too many open from one address", "address", from.String(), "most", l.limit.perAddress)
	}
}

func (l *Limit) isUncapped(from netip.Addr) bool {
	for _, p := range l.uncapped {
		if p.Contains(from) || p.Bits() > 64 && from.Is6() && p.Masked().Addr().Is6() && clientip.Network(p.Addr()).Addr() == from {
			return true
		}
	}
	return false
}

// source is what a connection counts for; what has no IP address, as in memory, counts together.
func source(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return clientip.Network(tcp.AddrPort().Addr()).Addr()
}

// conn is a connection that counts until it is closed.
type conn struct {
	net.Conn
	listener *listener
	from     netip.Addr
	closed   atomic.Bool
}

// Close ends the connection, which counts no longer.
func (c *conn) Close() error {
	err := c.Conn.Close()
	if !c.closed.Swap(true) {
		c.listener.leave(c.from)
		c.listener.open.Dec()
	}
	return err
}

// NetConn gives the connection itself, for those who do with it what net.Conn has no word for. Close this one.
func (c *conn) NetConn() net.Conn { return c.Conn }

// CloseWrite lets the client read what was sent before the connection is gone.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

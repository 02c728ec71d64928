package connlimit

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newLimit(t *testing.T, perAddress int, uncapped string) *Limit {
	t.Helper()
	l, err := (&Settings{perAddress: perAddress, uncapped: uncapped}).New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// served listens on loopback and hands over what it accepts.
func served(t *testing.T, l *Limit, name string) (address string, accepted <-chan net.Conn) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := l.Listener(name, ln)
	conns, done := make(chan net.Conn, 100), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := limited.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	t.Cleanup(func() { _ = limited.Close(); <-done })
	return ln.Addr().String(), conns
}

// value reads a metric.
func value(t *testing.T, c prometheus.Collector) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	m := families[0].GetMetric()[0]
	return m.GetGauge().GetValue() + m.GetCounter().GetValue()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// isReset opens a connection and waits until the other side resets it.
func isReset(t *testing.T, address string) bool {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return errors.Is(err, syscall.ECONNRESET)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err = c.Read(make([]byte, 1))
	return errors.Is(err, syscall.ECONNRESET)
}

func TestAnAddressHasNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	l := newLimit(t, 2, "")
	address, accepted := served(t, l, "api")
	other, _ := served(t, l, "ops")
	dial(t, address)
	first := <-accepted
	dial(t, address)
	second := <-accepted
	for range 3 {
		if !isReset(t, address) {
			t.Fatal("a third connection is open")
		}
	}
	dial(t, other) // another listener counts for itself
	if n := value(t, l.refused.WithLabelValues("api")); n != 3 {
		t.Errorf("%v refused", n)
	}
	if n := value(t, l.open.WithLabelValues("api")); n != 2 {
		t.Errorf("%v open", n)
	}
	for range 2 { // closing again gives nothing back
		_ = first.Close()
	}
	dial(t, address)
	third := <-accepted
	if !isReset(t, address) {
		t.Error("a connection that was closed twice counted twice")
	}
	if half, ok := third.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		t.Error("a connection cannot be closed half")
	}
	_, _ = second.Close(), third.Close()
	if n := value(t, l.open.WithLabelValues("api")); n != 0 {
		t.Errorf("%v open at the end", n)
	}
}

func TestUncappedAddresses(t *testing.T) {
	t.Parallel()
	address, accepted := served(t, newLimit(t, 1, "10.0.0.0/8, 127.0.0.1"), "api")
	for range 5 {
		c := dial(t, address)
		server := <-accepted
		if _, err := io.WriteString(server, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	l := newLimit(t, 1, "::ffff:192.0.2.1,2001:db8::7,2001:db8:1::/48,::ffff:198.51.100.0/120")
	for text, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": false, "2001:db8::9": true, "2001:db8:0:1::7": false, "2001:db8:1:2::3": true,
		"2001:db8:2::1": false, "198.51.100.9": true, "::ffff:198.51.100.9": true, "198.51.101.9": false,
	} {
		from := source(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(text), 1)))
		if got := l.isUncapped(from); got != want {
			t.Errorf("%s: uncapped %v", text, got)
		}
	}
}

func TestWhatAConnectionCountsFor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::", "::1": "::",
	} {
		if got := source(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(text), 1))); got.String() != want {
			t.Errorf("%s counts for %s, want %s", text, got, want)
		}
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, s := range []Settings{{perAddress: -1}, {uncapped: "lb.internal"}, {uncapped: "10.0.0.1/33"}, {uncapped: "10.0.0.1,,x"}, {uncapped: "fe80::1%eth0"}} {
		if _, err := s.New(slog.New(slog.DiscardHandler), prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), "-addresses") && !strings.Contains(err.Error(), "-address ") {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if n := Default(); n < 1 || n > most {
		t.Errorf("default %d", n)
	}
}

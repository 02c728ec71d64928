package addrguard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a name server that answers as a test says, and the one that this process asks.
var names = &nameServer{zones: map[string][][]string{}}

func TestMain(m *testing.M) {
	if err := names.start(); err != nil {
		panic(err)
	}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", names.conn.LocalAddr().String())
	}}
	code := m.Run()
	names.stop()
	os.Exit(code)
}

// nameServer answers each lookup of a name with its next set of addresses; the last stays.
type nameServer struct {
	conn net.PacketConn
	done sync.WaitGroup

	mu    sync.Mutex
	zones map[string][][]string // guarded by mu
	asked map[string]int        // guarded by mu; lookups, of which each asks for A and AAAA
}

func (s *nameServer) start() (err error) {
	if s.conn, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.asked = map[string]int{}
	s.done.Go(func() {
		for buf := make([]byte, 4096); ; {
			n, from, err := s.conn.ReadFrom(buf)
			if err != nil {
				return // stopped
			}
			if answer, err := s.answer(buf[:n]); err == nil {
				_, _ = s.conn.WriteTo(answer, from)
			}
		}
	})
	return nil
}

func (s *nameServer) stop() {
	s.conn.Close()
	s.done.Wait()
}

// set says what a name resolves to: the first set the first time, and so on.
func (s *nameServer) set(name string, answers ...[]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[name] = answers
}

func (s *nameServer) lookups(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (s.asked[name] + 1) / 2
}

func (s *nameServer) answer(raw []byte) ([]byte, error) {
	var query dnsmessage.Message
	if err := query.Unpack(raw); err != nil || len(query.Questions) != 1 {
		return nil, errors.New("not a question")
	}
	q := query.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true, Authoritative: true, RecursionAvailable: true}, Questions: query.Questions}
	sets, ok := s.zones[name]
	if !ok {
		answer.RCode = dnsmessage.RCodeNameError
		return answer.Pack()
	}
	at := min(s.asked[name]/2, len(sets)-1)
	s.asked[name]++
	for _, text := range sets[at] {
		a := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			answer.Answers = append(answer.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			answer.Answers = append(answer.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return answer.Pack()
}

// trap listens on every address of this host and counts who comes.
type trap struct {
	port  string
	count atomic.Int64
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	tr := &trap{}
	if _, tr.port, err = net.SplitHostPort(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tr.count.Add(1)
			conn.Close()
		}
	})
	return tr
}

// came is who has come. A connection of our own, made last, is accepted last.
func (tr *trap) came(t *testing.T) int64 {
	t.Helper()
	before := tr.count.Load()
	conn, err := net.Dial("tcp", "127.0.0.1:"+tr.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for deadline := time.Now().Add(10 * time.Second); tr.count.Load() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the trap does not listen")
		}
	}
	tr.count.Add(-1)
	return tr.count.Load()
}

// T-X4: whatever leads to this host, to the metadata of a cloud or to a private network, in
// any way of writing it, is refused before a packet is sent.
func TestNothingReachesThisHost(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	resolved := map[string][]string{
		"loopback.test":      {"127.0.0.1"},
		"loopback6.test":     {"::1"},
		"mapped.test":        {"::ffff:127.0.0.1"},
		"unspecified.test":   {"0.0.0.0"},
		"unspecified6.test":  {"::"},
		"nat64.test":         {"64:ff9b::7f00:1"},
		"own-nat64.test":     {"64:ff9b:1::7f00:1"},
		"six-to-four.test":   {"2002:7f00:1::"},
		"metadata.test":      {"169.254.169.254"},
		"metadata6.test":     {"fd00:ec2::254"},
		"mapped-meta.test":   {"::ffff:169.254.169.254"},
		"nat64-meta.test":    {"64:ff9b::a9fe:a9fe"},
		"six-meta.test":      {"2002:a9fe:a9fe::"},
		"link-local.test":    {"fe80::1"},
		"private.test":       {"10.0.0.1", "172.16.0.1", "192.168.0.1", "fd00::1", "100.64.0.1"},
		"broadcast.test":     {"255.255.255.255"},
		"multicast.test":     {"224.0.0.1", "ff02::1"},
		"several.test":       {"169.254.169.254", "127.0.0.1", "::1"},
		"xn--lcalhost-k1a.t": {"127.0.0.2"},
	}
	for name, addresses := range resolved {
		names.set(name, addresses)
	}
	hosts := []string{"localhost", "LOCALHOST", "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "0.0.0.0", "::",
		"64:ff9b::127.0.0.1", "64:ff9b:1::127.0.0.1", "2002:7f00:1::1", "169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::169.254.169.254", "fe80::1%lo", "::1%lo"}
	for name := range resolved {
		hosts = append(hosts, name, name+".")
	}
	for _, host := range hosts {
		conn, err := Dial(false)(t.Context(), "tcp", net.JoinHostPort(host, tr.port))
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", host, err)
		}
	}
	// Other ways to write 127.0.0.1 are no addresses here, but names that nobody has; a
	// resolver that knows better is judged by what it says.
	for _, host := range []string{"2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "017700000001", "127.1", "127.0.1", "127.0.0.01", "127.0.0.1.", "①②⑦.⓪.⓪.①", "[::1]", "127.0.0.1%00", ""} {
		if conn, err := Dial(false)(t.Context(), "tcp", net.JoinHostPort(host, tr.port)); err == nil {
			conn.Close()
			t.Errorf("%q is dialled", host)
		}
		if host == "" || host == "[::1]" || strings.ContainsAny(host, "%") {
			continue
		}
		names.set(strings.TrimSuffix(host, "."), []string{"127.0.0.1"})
		if conn, err := Dial(false)(t.Context(), "tcp", net.JoinHostPort(host, tr.port)); err == nil {
			conn.Close()
			t.Errorf("%q is dialled when it resolves", host)
		}
	}
	if n := tr.came(t); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	t.Logf("figures: %d hosts, no connection", len(hosts)+13)
}

// Even where private addresses are allowed, metadata is not, and another address of the
// same name is tried.
func TestAllowedAddressesBesideBlockedOnes(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	names.set("mixed.test", []string{"169.254.169.254", "127.0.0.1"})
	conn, err := Dial(true)(t.Context(), "tcp4", "mixed.test:"+tr.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); host != "127.0.0.1" {
		t.Errorf("it is connected to %s", host)
	}
	names.set("meta-only.test", []string{"169.254.169.254", "fd00:ec2::254", "fe80::1"})
	if _, err := Dial(true)(t.Context(), "tcp", "meta-only.test:80"); !errors.Is(err, ErrBlocked) {
		t.Errorf("%v, want it blocked", err)
	}
}

// A name that resolves to something else after it was looked at gains nothing: what is
// judged is what is dialled, without another lookup between.
func TestRebinding(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	names.set("rebind.test", []string{"127.0.0.1"}, []string{"169.254.169.254"})
	conn, err := Dial(true)(t.Context(), "tcp", "rebind.test:"+tr.port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if n := names.lookups("rebind.test"); n != 1 {
		t.Errorf("it was looked up %d times", n)
	}
	if _, err := Dial(true)(t.Context(), "tcp", "rebind.test:"+tr.port); !errors.Is(err, ErrBlocked) {
		t.Errorf("%v after it resolves to metadata, want it blocked", err)
	}
	if n := tr.came(t); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
	// The other way round: the first answer is harmless and is what a validation sees.
	names.set("later.test", []string{"8.8.8.8"}, []string{"127.0.0.1"})
	if _, err := net.DefaultResolver.LookupHost(t.Context(), "later.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(false)(t.Context(), "tcp", "later.test:"+tr.port); !errors.Is(err, ErrBlocked) {
		t.Errorf("%v after it resolves to this host, want it blocked", err)
	}
	if n := tr.came(t); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
}

package upstream

import (
	"context"
	"net"
	"net/url"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

func openai(t *testing.T) *dialect.Dialect {
	t.Helper()
	d, ok := dialect.Find(dialect.Default)
	if !ok {
		t.Fatal("there is no default dialect")
	}
	return d
}

func snapshotOf(t *testing.T, bases map[string]string) *dataplane.Snapshot {
	t.Helper()
	s := &dataplane.Snapshot{Providers: map[string]*dataplane.Provider{}}
	for name, base := range bases {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		s.Providers[name] = &dataplane.Provider{Name: name, BaseURL: u, Dialect: "openai"}
	}
	return s
}

func TestAProviderKeepsItsClientWhileItsAddressStays(t *testing.T) {
	t.Parallel()
	p := NewPool(Config{})
	p.Update(snapshotOf(t, map[string]string{"a": "https://a.example", "b": "https://b.example"}))
	a, b := p.Client("a"), p.Client("b")
	p.Update(snapshotOf(t, map[string]string{"a": "https://a.example", "b": "https://elsewhere.example", "c": "https://c.example"}))
	if p.Client("a") != a {
		t.Error("a lost its connections although nothing changed")
	}
	if p.Client("b") == b || p.Client("c") == nil {
		t.Error("b kept its client although it moved, or c has none")
	}
	p.Update(snapshotOf(t, nil))
	if p.Client("a") != nil {
		t.Error("a is still reachable")
	}
}

func TestADialectThatIsNotHereIsRefused(t *testing.T) {
	t.Parallel()
	p := NewPool(Config{})
	s := snapshotOf(t, map[string]string{"a": "https://a.example"})
	if err := p.Check(s); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fake", "klingon"} {
		s.Providers["a"].Dialect = name
		if err := p.Check(s); err == nil || err.Error() != `provider "a": dialect "`+name+`" is not available on this node` {
			t.Errorf("got %v", err)
		}
	}
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	s.Providers["a"].Dialect = "fake"
	if err := NewPool(Config{AllInOneDial: dial}).Check(s); err != nil {
		t.Errorf("where there is a scripted upstream: %v", err)
	}
}

func TestPlacesInFlight(t *testing.T) {
	t.Parallel()
	c := &Client{}
	for i, want := range []bool{true, true, false} {
		if got := c.Acquire(2); got != want {
			t.Errorf("place %d of 2: %v", i+1, got)
		}
	}
	c.Release()
	if !c.Acquire(2) || !c.Acquire(0) {
		t.Error("a place was not given back, or no limit is one")
	}
}

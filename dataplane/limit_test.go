package dataplane

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func compileKey(t *testing.T, k *nodev1.ApiKey) (*APIKey, error) {
	t.Helper()
	k.Name, k.Hash = "k", bytes.Repeat([]byte{1}, 32)
	s, err := Compile(&nodev1.Snapshot{ApiKeys: []*nodev1.ApiKey{k}})
	if err != nil {
		return nil, err
	}
	for k := range s.Keys() {
		return k, nil
	}
	t.Fatal("no key")
	return nil, nil
}

func TestCompileReadsWhatAKeyMayDo(t *testing.T) {
	t.Parallel()
	k, err := compileKey(t, &nodev1.ApiKey{
		RequestsPerMinute: 600, TokensPerMinute: 200_000, Concurrency: 20, Budget: 50_250_000, BudgetPeriod: "month",
		RequestOptions: true, Debug: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Limits{600, 200_000, 20}); k.Limits != want {
		t.Errorf("limits %+v, want %+v", k.Limits, want)
	}
	if want := (Budget{50_250_000_000_000, Month}); k.Budget != want {
		t.Errorf("budget %+v, want %+v", k.Budget, want)
	}
	if !k.RequestOptions || !k.Debug || !k.Limited() {
		t.Errorf("%+v: want request options, debug and that something is counted", k)
	}
	if k, err := compileKey(t, &nodev1.ApiKey{Budget: 5}); err != nil || k.Limited() || k.Budget != (Budget{}) {
		t.Errorf("a budget without period gives %+v, %v, want none", k.Budget, err)
	}
	if k, err := compileKey(t, &nodev1.ApiKey{BudgetPeriod: "day"}); err != nil || !k.Limited() {
		t.Errorf("a budget of nothing is not kept: %v", err)
	}
}

func TestCompileRefusesKeysItCannotKeep(t *testing.T) {
	t.Parallel()
	for want, k := range map[string]*nodev1.ApiKey{
		"below 0":      {Concurrency: -1},
		"out of range": {Budget: -1, BudgetPeriod: "day"},
		"is not known": {Budget: 1, BudgetPeriod: "year"},
		"allowed_ips":  {AllowedIps: []string{"10.0.0.0/8", "10.0.0.1"}},
	} {
		if _, err := compileKey(t, k); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile = %v, want %q", err, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	k, err := compileKey(t, &nodev1.ApiKey{AllowedIps: []string{"10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"10.1.255.255": true, "10.2.0.0": false, "192.0.2.7": true, "192.0.2.8": false,
		"2001:db8:1::1": true, "2001:db9::1": false, "::ffff:192.0.2.7": true, "2001:db8::1%eth0": true,
	} {
		if got := k.MayComeFrom(netip.MustParseAddr(address)); got != want {
			t.Errorf("MayComeFrom(%s) = %v, want %v", address, got, want)
		}
	}
	if k.MayComeFrom(netip.Addr{}) {
		t.Error("a call from an unknown address is let in")
	}
	if open := (&APIKey{}); !open.MayComeFrom(netip.Addr{}) {
		t.Error("a key without addresses refuses")
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	if o := compileOrigins(nil); !o.None() {
		t.Errorf("%+v allows something", o)
	}
	some := compileOrigins([]string{"https://a.example"})
	for origin, want := range map[string]bool{"https://a.example": true, "https://a.example.evil.example": false, "http://a.example": false, "null": false, "": false} {
		if got, everyone := some.Allows(origin); got != want || everyone {
			t.Errorf("Allows(%q) = %v, %v, want %v", origin, got, everyone, want)
		}
	}
	if allowed, everyone := compileOrigins([]string{"https://a.example", "*"}).Allows("null"); !allowed || !everyone {
		t.Error("* does not allow everyone")
	}
}

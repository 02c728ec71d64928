package clientip

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		trust        bool
		want         string
	}{
		{"the connection", "192.0.2.1:5000", nil, false, "192.0.2.1"},
		{"the connection, IPv6", "[2001:db8::1]:5000", nil, false, "2001:db8::1"},
		{"without a port", "2001:db8::1", nil, false, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:5000", nil, false, "192.0.2.1"},
		{"a zone", "[fe80::1%eth0]:5000", nil, false, "fe80::1"},
		{"a header that is not believed", "192.0.2.1:5000", []string{"198.51.100.1"}, false, "192.0.2.1"},
		{"the last entry", "192.0.2.1:5000", []string{"203.0.113.9, 198.51.100.1"}, true, "198.51.100.1"},
		{"the last line", "192.0.2.1:5000", []string{"203.0.113.9", "203.0.113.8,198.51.100.1"}, true, "198.51.100.1"},
		{"brackets and a port", "192.0.2.1:5000", []string{"[2001:db8::2]:99"}, true, "2001:db8::2"},
		{"brackets", "192.0.2.1:5000", []string{"[2001:db8::2]"}, true, "2001:db8::2"},
		{"no header", "192.0.2.1:5000", nil, true, "192.0.2.1"},
		{"nonsense", "192.0.2.1:5000", []string{"unknown"}, true, "invalid IP"},
		{"an empty last entry", "192.0.2.1:5000", []string{"198.51.100.1,"}, true, "invalid IP"},
		{"no address at all", "pipe", nil, false, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for _, line := range tt.forwarded {
				header.Add("X-Forwarded-For", line)
			}
			if got := Of(header, tt.remote, tt.trust).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address netip.Addr
		want    string
	}{
		{netip.MustParseAddr("192.0.2.1"), "192.0.2.1/32"},
		{netip.MustParseAddr("::ffff:192.0.2.1"), "192.0.2.1/32"},
		{netip.MustParseAddr("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"},
		{netip.MustParseAddr("fe80::1%eth0"), "fe80::/64"},
		{netip.Addr{}, "invalid Prefix"},
	} {
		if got := Network(tt.address).String(); got != tt.want {
			t.Errorf("the network of %s is %s, want %s", tt.address, got, tt.want)
		}
	}
}

package adminapi

import (
	"testing"

	"connectrpc.com/connect/v2"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		trust     bool
		addr      string
		forwarded []string
		want      string
	}{
		{name: "IPv4", addr: "192.0.2.7:5123", want: "192.0.2.7"},
		{name: "IPv6 counts by /64", addr: "[2001:db8:1:2:3:4:5:6]:443", want: "2001:db8:1:2::/64"},
		{name: "mapped IPv4", addr: "[::ffff:192.0.2.7]:1", want: "192.0.2.7"},
		{name: "zone", addr: "[fe80::1%eth0]:1", want: "fe80::/64"},
		{name: "no address", addr: "@", want: "unknown"},
		{name: "header not trusted", addr: "192.0.2.7:1", forwarded: []string{"198.51.100.1"}, want: "192.0.2.7"},
		{name: "last hop counts", trust: true, addr: "192.0.2.7:1", forwarded: []string{"10.0.0.1, 198.51.100.1"}, want: "198.51.100.1"},
		{name: "last header counts", trust: true, addr: "192.0.2.7:1", forwarded: []string{"10.0.0.1", "198.51.100.2"}, want: "198.51.100.2"},
		{name: "forwarded with port", trust: true, addr: "192.0.2.7:1", forwarded: []string{"[2001:db8::1]:99"}, want: "2001:db8::/64"},
		{name: "nothing forwarded", trust: true, addr: "192.0.2.7:1", want: "192.0.2.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			info := &connect.CallInfo{PeerAddr: tt.addr}
			for _, f := range tt.forwarded {
				info.RequestHeader().Add("X-Forwarded-For", f)
			}
			if got := (peers{trustForwarded: tt.trust}).network(info.RequestHeader(), info.PeerAddr); got != tt.want {
				t.Errorf("network = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUnboundHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost":           true,
		"LOCALHOST:8001":      true,
		"console.localhost:1": true,
		"127.0.0.1:8001":      true,
		"[::1]:8001":          true,
		"[::1]":               true,
		"192.168.1.4":         true,
		"evil.example:8001":   false,
		"localhost.evil.com":  false,
		"127.0.0.1.nip.io":    false,
		"":                    false,
	} {
		if got := unboundHost(host); got != want {
			t.Errorf("unboundHost(%q) = %t, want %t", host, got, want)
		}
	}
}

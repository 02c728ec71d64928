package addrguard

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	const public, private, never = "public", "private", "never"
	tests := map[string]string{
		"8.8.8.8":                public,
		"2606:4700::1111":        public,
		"::ffff:8.8.8.8":         public,
		"64:ff9b::808:808":       public, // NAT64 of 8.8.8.8
		"64:ff9b:1::808:808":     public,
		"2002:808:808::1":        public, // 6to4 of 8.8.8.8
		"127.0.0.1":              private,
		"127.8.9.10":             private,
		"::1":                    private,
		"10.1.2.3":               private,
		"172.31.255.255":         private,
		"192.168.0.1":            private,
		"100.64.0.1":             private, // carrier NAT
		"fd12:3456::1":           private,
		"::ffff:10.0.0.1":        private,
		"64:ff9b::a00:1":         private, // NAT64 of 10.0.0.1
		"64:ff9b:1::a00:1":       private,
		"2002:a00:1::":           private, // 6to4 of 10.0.0.1
		"::10.0.0.1":             private, // IPv4-compatible
		"::8.8.8.8":              public,
		"::ffff:0:10.0.0.1":      private, // IPv4-translated
		"fec0::1":                private,
		"198.18.0.1":             private,
		"198.19.255.255":         private,
		"::ffff:0:a9fe:a9fe":     never,
		"::a9fe:a9fe":            never,
		"::2":                    never, // 0.0.0.2
		"2001:0:808:808::1":      never, // Teredo
		"169.254.169.254":        never, // metadata
		"169.254.170.2":          never,
		"::ffff:169.254.169.254": never,
		"64:ff9b::a9fe:a9fe":     never,
		"2002:a9fe:a9fe::":       never,
		"fe80::1":                never,
		"fe80::1%eth0":           never,
		"fd00:ec2::254":          never,
		"100.100.100.200":        never, // metadata at Alibaba, inside carrier NAT
		"192.0.0.192":            never, // at Oracle
		"168.63.129.16":          never, // at Azure, beside 169.254.169.254
		"64:ff9b::6464:64c8":     never,
		"64:ff9b:1::a9fe:a9fe":   never, // a network's own NAT64
		"0.0.0.0":                never,
		"0.1.2.3":                never,
		"::":                     never,
		"224.0.0.1":              never,
		"ff02::1":                never,
		"255.255.255.255":        never,
		"240.0.0.1":              never,
	}
	for address, want := range tests {
		a := netip.MustParseAddr(address)
		strict, lax := Allowed(a, false), Allowed(a, true)
		got := never
		switch {
		case strict && lax:
			got = public
		case lax:
			got = private
		case strict:
			t.Errorf("%s: allowed only when private addresses are not", address)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

// The decision falls at the moment of connecting, on the address that was resolved.
func TestTheDialerJudgesWhatANameResolvesTo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(false)(t.Context(), "tcp", "localhost:"+port); !errors.Is(err, ErrBlocked) {
		t.Errorf("localhost is dialled: %v", err)
	}
	conn, err := Dial(true)(t.Context(), "tcp4", "localhost:"+port)
	if err != nil {
		t.Fatalf("localhost is refused although it is allowed: %v", err)
	}
	conn.Close()
}

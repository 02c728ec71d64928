// Package addrguard dials only addresses that a provider may have. Everything that sends
// requests to addresses from the configuration dials through it, in both planes.
package addrguard

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Dial gives a dial function for addresses that a provider may have; private and loopback
// ones only when they are allowed. It judges the resolved address at the moment of
// connecting, so a name that resolves differently the second time gains nothing.
func Dial(allowPrivate bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %s", ErrBlocked, address)
			}
			if !Allowed(ap.Addr(), allowPrivate) {
				return fmt.Errorf("%w: %s", ErrBlocked, ap.Addr())
			}
			return nil
		},
	}
	return d.DialContext
}

// Ranges that embed an IPv4 address, judged by that address, and shared or documentation
// ranges that no provider lives in.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	ownNAT64   = netip.MustParsePrefix("64:ff9b:1::/48")  // of a network; the address is in the last 32 bits
	compatible = netip.MustParsePrefix("::/96")           // of the time before mapped addresses
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // of SIIT
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32") // hides two IPv4 addresses; nobody serves there
	siteLocal  = netip.MustParsePrefix("fec0::/10") // private, before there were fd00::/8
	benchmarks = netip.MustParsePrefix("198.18.0.0/15")
	carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
	thisHost   = netip.MustParsePrefix("0.0.0.0/8")
	classE     = netip.MustParsePrefix("240.0.0.0/4")
)

// metadata is where clouds serve what only the machine may know, outside the link-local range.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd00:ec2::254"):   true, // AWS and others, inside the private range
	netip.MustParseAddr("100.100.100.200"): true, // Alibaba
	netip.MustParseAddr("192.0.0.192"):     true, // Oracle
	netip.MustParseAddr("168.63.129.16"):   true, // Azure
}

// Allowed says whether a provider may live at the address: never link-local (cloud
// metadata), multicast, unspecified or reserved; private and loopback only when allowed.
func Allowed(a netip.Addr, allowPrivate bool) bool {
	a = a.Unmap().WithZone("")
	switch {
	case a == netip.IPv6Loopback():
		return allowPrivate
	case nat64.Contains(a), ownNAT64.Contains(a), compatible.Contains(a), translated.Contains(a):
		b := a.As16()
		return Allowed(netip.AddrFrom4([4]byte(b[12:16])), allowPrivate)
	case sixToFour.Contains(a):
		b := a.As16()
		return Allowed(netip.AddrFrom4([4]byte(b[2:6])), allowPrivate)
	case a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast(), metadata[a],
		thisHost.Contains(a), classE.Contains(a), teredo.Contains(a):
		return false
	case a.IsLoopback(), a.IsPrivate(), carrierNAT.Contains(a), siteLocal.Contains(a), benchmarks.Contains(a):
		return allowPrivate
	}
	return true
}

// OnlyMachine is for a dialer of what serves this machine alone, such as cloud metadata: it refuses
// every address but those of loopback, the link-local ones, and those that AWS uses for it.
func OnlyMachine(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !ofMachine(ap.Addr().Unmap().WithZone("")) {
		return fmt.Errorf("%w: %s", ErrBlocked, address)
	}
	return nil
}

var awsMetadata = netip.MustParsePrefix("fd00:ec2::/32")

func ofMachine(a netip.Addr) bool {
	return a.IsLoopback() || a.IsLinkLocalUnicast() || awsMetadata.Contains(a)
}

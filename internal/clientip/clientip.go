// Package clientip says where a request comes from, for both planes: they must believe the
// same header in the same way.
package clientip

import (
	"net/netip"
	"strings"
)

// Header is the headers of a request.
type Header interface{ Values(name string) []string }

// Of is the address of a request's client: remote, the connection's other end, or what the
// proxy before us put last into X-Forwarded-For if we were told to believe it. Earlier
// entries are the client's own words. What cannot be read is no valid address.
func Of(header Header, remote string, trustForwarded bool) netip.Addr {
	if trustForwarded {
		if lines := header.Values("X-Forwarded-For"); len(lines) > 0 {
			last := lines[len(lines)-1]
			return parse(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
		}
	}
	return parse(remote)
}

// Network is what clients are counted by: an IPv4 address alone, or the network of 64 bits that one
// IPv6 customer has all of. That of no valid address is not valid.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	network, err := a.Prefix(min(a.BitLen(), 64))
	if err != nil { // never: both kinds of addresses have so many bits
		return netip.Prefix{}
	}
	return network
}

// parse reads an address with or without a port. An IPv4 address inside of an IPv6 one is
// that IPv4 address, and zones mean nothing here.
func parse(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

package controlplane

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// AnyOrigin stands for every origin in Cors.allowed_origins.
const AnyOrigin = "*"

// ParseAddresses reads an entry of ApiKey.allowed_ips: a CIDR such as 10.1.0.0/16, or one
// address, which becomes a CIDR that holds it alone.
func ParseAddresses(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return netip.Prefix{}, errNotAddresses
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, errNotAddresses
	}
	if first := p.Masked(); first != p {
		return netip.Prefix{}, fmt.Errorf("does not start at its first address; write %s for the range or %s for the address", first, p.Addr())
	}
	return p, nil
}

var errNotAddresses = errors.New("must be an address such as 192.0.2.7 or a range such as 10.1.0.0/16 or 2001:db8::/32")

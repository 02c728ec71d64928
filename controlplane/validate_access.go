package controlplane

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
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
		return netip.Prefix{}, fmt.Errorf("does not begin at its first address; write %s for the range or %s for the address", first, p.Addr())
	}
	return p, nil
}

var errNotAddresses = errors.New("must be an address such as 192.0.2.7 or a range such as 10.1.0.0/16 or 2001:db8::/32")

func (f *faults) access(r *Resource, doc *adminv1.ApiKey) {
	for i, s := range doc.GetAllowedIps() {
		if _, err := ParseAddresses(s); err != nil && s != "" { // the proto's rules say that it is empty
			f.add(r, fmt.Sprintf("allowed_ips[%d]", i), "%v", err)
		}
	}
	if doc.GetBudget() == nil {
		return
	}
	if amount, err := ParseDecimal(doc.GetBudget().GetAmount()); err == nil && amount == 0 {
		f.add(r, "budget.amount", "must be above 0; to stop a key set enabled to false")
	}
}

func (f *faults) cors(r *Resource, doc *adminv1.Cors) {
	for i, origin := range doc.GetAllowedOrigins() {
		if fault := originFault(origin); fault != "" {
			f.add(r, fmt.Sprintf("cors.allowed_origins[%d]", i), "%s", fault)
		}
	}
}

// originFault says what is wrong with an origin. Browsers send one spelling only and nodes
// compare text, so another spelling would never match.
func originFault(s string) string {
	if s == AnyOrigin {
		return ""
	}
	const form = "must be * or scheme://host[:port], such as https://app.example.com"
	scheme, host, ok := strings.Cut(s, "://")
	u, err := url.Parse(s)
	if !ok || err != nil || u.Scheme == "" || u.Hostname() == "" || u.Host != host {
		return form
	}
	if s != strings.ToLower(s) {
		return "must be in lower case, as browsers send it"
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return "must have its host in ASCII (xn--...), as browsers send it"
		}
	}
	port := u.Port()
	switch {
	case port == "" && strings.HasSuffix(host, ":"):
		return form
	case port == "":
		return ""
	case scheme == "http" && port == "80", scheme == "https" && port == "443":
		return "must not name the default port, as browsers leave it out"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return "must have a port from 1 to 65535"
	}
	return ""
}

package adminapi

import (
	"context"
	"net/netip"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/clientip"
)

// peers tells who is at the other end of a call.
type peers struct{ trustForwarded bool }

// network is what sign-ins are counted by: an IPv4 address, or the /64 that one IPv6
// customer gets. All whose address cannot be read are counted together.
func (p peers) network(header clientip.Header, remote string) string {
	ip := clientip.Of(header, remote, p.trustForwarded)
	switch {
	case !ip.IsValid():
		return "unknown"
	case ip.Is4():
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// secure reports whether the browser speaks https.
func (p peers) secure(ctx context.Context, info *connect.CallInfo) bool {
	http, ok := connecthttp.ServerInfoForContext(ctx)
	return ok && http.TLS() != nil || p.forwardedSecurely(info.RequestHeader().Get("X-Forwarded-Proto"))
}

// forwardedSecurely reports whether the proxy before us says so, if we were told to believe it.
func (p peers) forwardedSecurely(proto string) bool {
	first, _, _ := strings.Cut(proto, ",")
	return p.trustForwarded && strings.EqualFold(strings.TrimSpace(first), "https")
}

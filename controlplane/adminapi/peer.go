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
func (p peers) network(info *connect.CallInfo) string {
	ip := clientip.Of(info.RequestHeader(), info.PeerAddr, p.trustForwarded)
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
	if http, ok := connecthttp.ServerInfoForContext(ctx); ok && http.TLS() != nil {
		return true
	}
	if !p.trustForwarded {
		return false
	}
	proto, _, _ := strings.Cut(info.RequestHeader().Get("X-Forwarded-Proto"), ",")
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}

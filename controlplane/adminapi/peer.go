package adminapi

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/clientip"
)

// peers tells who is at the other end of a call.
type peers struct{ trustForwarded bool }

// network is what sign-ins are counted by, see clientip.Network. All whose address cannot be
// read are counted together.
func (p peers) network(header clientip.Header, remote string) string {
	network := clientip.Network(clientip.Of(header, remote, p.trustForwarded))
	switch {
	case !network.IsValid():
		return "unknown"
	case network.IsSingleIP():
		return network.Addr().String()
	}
	return network.String()
}

// address is the caller's IP address; empty when it cannot be read.
func (p peers) address(info *connect.CallInfo) string {
	if addr := clientip.Of(info.RequestHeader(), info.PeerAddr, p.trustForwarded); addr.IsValid() {
		return addr.String()
	}
	return ""
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

package controlplane

import (
	"net"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// Origin is what a stored secret is bound to: the scheme, host and port of the URL that it is
// sent to.
func Origin(raw string) string {
	u, err := dialect.ParseBase(raw)
	if err != nil {
		return raw
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

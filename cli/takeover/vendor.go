package takeover

import (
	"net"
	"net/url"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// IsPrivate reports whether an address is on a network of one's own as it is written: names
// without a dot and addresses of private networks.
func IsPrivate(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local")
}

// HasHost reports whether base is an address over http or https.
func HasHost(base string) bool {
	u, err := url.Parse(base)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// AddModel gives the model of an id, which is added if the provider lacks it.
func AddModel(p *adminv1.Provider, id string) *adminv1.Model {
	for _, m := range p.GetModels() {
		if m.GetId() == id {
			return m
		}
	}
	m := &adminv1.Model{Id: id}
	p.Models = append(p.Models, m)
	return m
}

package config_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	"github.com/trunkline-ai/trunkline/internal/outbound/proxytest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestTheWayToAProviderIsSealedAndKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	authority := proxytest.NewAuthority(t)
	certificate, key := authority.Issue("the-gateway")
	_, other := authority.Issue("the-gateway")
	const password = "canary-proxy-password"
	way := func(key, password string) *adminv1.Provider {
		p := upstream("p", cred("main", ""))
		p.CaCertificates = authority.PEM
		p.ClientCertificate = &adminv1.ClientCertificate{Certificate: certificate, Secret: key}
		p.Proxy = &adminv1.OutboundProxy{Url: "http://proxy.example:3128", Username: "ann", Secret: password}
		return p
	}
	first := way(key, password)
	first.Credentials[0].Secret = "canary-credential"
	res := b.create(t, first)
	public := config.Public(res).(*adminv1.Provider)
	if c, p := public.GetClientCertificate(), public.GetProxy(); c.GetSecret()+c.GetSecretRef()+c.GetSecretHint()+p.GetSecret()+p.GetSecretRef() != "" || c.GetSecretSetTime() == nil || p.GetSecretHint() != "rd" {
		t.Errorf("shown as %v and %v, want no secret", c, p)
	}
	again, err := b.Update(t.Context(), "test", way("", ""))
	if err != nil || again.Revision != res.Revision {
		t.Fatalf("the same again: %v, %v", again, err)
	}
	u, err := b.Upstream("p")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Outbound(); got.ClientKey != key || got.ProxyPassword != password || got.Authorities != authority.PEM || got.Proxy != "http://proxy.example:3128" || got.Check() != nil {
		t.Error("the way is not what was stored")
	}

	refused := func(what string, p *adminv1.Provider, want ...string) {
		t.Helper()
		_, err := b.Update(t.Context(), "test", p)
		if got := errstest.Violations(t, err); !slices.Equal(got, want) {
			t.Errorf("%s: violations %q, want %q", what, got, want)
		}
	}
	all := func(why string) (list []string) {
		for _, field := range []string{"credentials[0].secret", "client_certificate.secret", "proxy.secret"} {
			list = append(list, `providers["p"].`+field+": must be given again, because "+why)
		}
		return list
	}
	changed := func(change func(*adminv1.Provider)) *adminv1.Provider {
		p := way("", "")
		change(p)
		return p
	}
	// Whoever moves the proxy, or trusts somebody else, could read the key.
	refused("another proxy", changed(func(p *adminv1.Provider) { p.Proxy.Url = "http://thief.example:3128" }), all("the proxy is another one")...)
	refused("another scheme", changed(func(p *adminv1.Provider) { p.Proxy.Url = "socks5://proxy.example:3128" }), all("the proxy is another one")...)
	refused("another authority", changed(func(p *adminv1.Provider) { p.CaCertificates = proxytest.NewAuthority(t).PEM }), all("ca_certificates are others")...)
	refused("another host", changed(func(p *adminv1.Provider) { p.BaseUrl = "https://thief.example/v1" }), all("base_url moves to another scheme, host or port")...)
	const mismatch = `providers["p"].client_certificate.secret: is not the key of this certificate, or one of them is not PEM`
	refused("another key", changed(func(p *adminv1.Provider) { p.ClientCertificate.Secret = other }), mismatch)
	refused("no key", changed(func(p *adminv1.Provider) { p.ClientCertificate.Secret = "canary" }), mismatch)
	next, _ := authority.Issue("the-gateway")
	refused("another certificate with the old key", changed(func(p *adminv1.Provider) { p.ClientCertificate.Certificate = next }), mismatch)
	refused("a password without a name", changed(func(p *adminv1.Provider) { p.Proxy.Username, p.Proxy.Secret = "", "canary" }),
		`providers["p"].proxy.secret: needs a username beside it`)
	refused("a bad proxy", changed(func(p *adminv1.Provider) {
		p.Proxy, p.Credentials[0].Secret, p.ClientCertificate.Secret = &adminv1.OutboundProxy{Url: "ftp://proxy"}, "canary", key
	}), `providers["p"].proxy.url: must start with http://, https:// or socks5://`)
	refused("nonsense for an authority", changed(func(p *adminv1.Provider) {
		p.CaCertificates, p.Credentials[0].Secret, p.ClientCertificate.Secret, p.Proxy.Secret = "canary", "canary", key, password
	}), `providers["p"].ca_certificates: are not usable: it is not one or more PEM certificates`)

	// What leads back to the provider itself needs no secret again.
	plain := changed(func(p *adminv1.Provider) { p.Proxy, p.CaCertificates, p.ClientCertificate = nil, "", nil })
	if _, err := b.Update(t.Context(), "test", plain); err != nil {
		t.Errorf("without all of it: %v", err)
	}
	open := proto.CloneOf(plain)
	open.Proxy = &adminv1.OutboundProxy{Url: "http://proxy.example"}
	refused("a new proxy", open, `providers["p"].credentials[0].secret: must be given again, because the proxy is another one`)
	open.Credentials[0].Secret = "canary-credential"
	if res, err := b.Update(t.Context(), "test", open); err != nil || config.Public(res).(*adminv1.Provider).GetProxy().GetSecretSetTime() != nil {
		t.Errorf("a proxy without a password: %v, %v", res, err)
	}
	hunt(t, b, "canary")
	hunt(t, b, strings.Split(key, "\n")[1])
}

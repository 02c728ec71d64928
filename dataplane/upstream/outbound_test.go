package upstream_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/upstream"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	"github.com/trunkline-ai/trunkline/internal/outbound/proxytest"
)

// mutual is a provider that wants a client certificate of the authority, under api.provider.test.
func mutual(t *testing.T, authority *proxytest.Authority) (base *url.URL) {
	t.Helper()
	cert, key := authority.Issue("api.provider.test")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].DNSNames[0])
	}))
	up.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool()}
	up.StartTLS()
	t.Cleanup(up.Close)
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	base, err = url.Parse("https://api.provider.test:" + port + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// Through a proxy, with a private authority and a client certificate, on both clients; connections are
// kept, so the proxy is asked once for two calls.
func TestAProviderIsReachedItsOwnWay(t *testing.T) {
	t.Parallel()
	authority := proxytest.NewAuthority(t)
	base := mutual(t, authority)
	cert, key := authority.Issue("the-gateway")
	for _, netHTTP := range []bool{false, true} {
		for _, proxy := range []*proxytest.Proxy{proxytest.HTTP(t, "ann", "secret"), proxytest.SOCKS5(t, "ann", "secret")} {
			p := &dataplane.Provider{Name: "p", BaseURL: base, Dialect: "openai", Outbound: outbound.Config{
				Authorities: authority.PEM, Certificate: cert, ClientKey: key,
				Proxy: proxy.URL, ProxyUsername: "ann", ProxyPassword: "secret", ProxyPrivate: true,
			}}
			pool := upstream.NewPool(upstream.Config{NetHTTP: netHTTP})
			pool.Update(&dataplane.Snapshot{Providers: map[string]*dataplane.Provider{"p": p}})
			for range 2 {
				r := pool.Client("p").NewRequest(t.Context(), p, nil, "/chat/completions", "m")
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
				resp, err := pool.Client("p").Send(r, nil)
				if err != nil {
					t.Fatalf("net/http %v, %s: %v", netHTTP, proxy.URL, err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || string(body) != "the-gateway" {
					t.Errorf("answered %q, %v", body, err)
				}
			}
			if got := proxy.Targets(); len(got) != 1 || got[0] != base.Host {
				t.Errorf("net/http %v: the proxy was asked for %q, want %s once", netHTTP, got, base.Host)
			}
			// The same way keeps the client, another one does not.
			same, other := *p, *p
			before := pool.Client("p")
			pool.Update(&dataplane.Snapshot{Providers: map[string]*dataplane.Provider{"p": &same}})
			if pool.Client("p") != before {
				t.Error("the same way got another client")
			}
			other.Outbound.ProxyPassword = "another"
			pool.Update(&dataplane.Snapshot{Providers: map[string]*dataplane.Provider{"p": &other}})
			if pool.Client("p") == before {
				t.Error("another password kept the client")
			}
			pool.Close()
		}
	}
}

func TestAnAuthorityOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	authority := proxytest.NewAuthority(t)
	base := mutual(t, authority)
	proxy := proxytest.HTTP(t, "", "")
	p := &dataplane.Provider{Name: "p", BaseURL: base, Dialect: "openai", Outbound: outbound.Config{
		Authorities: proxytest.NewAuthority(t).PEM, Proxy: proxy.URL, ProxyPrivate: true,
	}}
	pool := upstream.NewPool(upstream.Config{})
	t.Cleanup(pool.Close)
	pool.Update(&dataplane.Snapshot{Providers: map[string]*dataplane.Provider{"p": p}})
	_, err := pool.Client("p").Send(pool.Client("p").NewRequest(t.Context(), p, nil, "/chat/completions", "m"), nil)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("%v, want an unknown authority", err)
	}
}

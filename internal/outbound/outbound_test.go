package outbound_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	"github.com/trunkline-ai/trunkline/internal/outbound/proxytest"
)

// refusing is a direct way that must not be taken.
func refusing(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("dialled directly")
}

func TestATargetIsReachedThroughTheProxyByItsName(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	t.Cleanup(up.Close)
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	for name, p := range map[string]*proxytest.Proxy{
		"CONNECT":                 proxytest.HTTP(t, "", ""),
		"CONNECT with a password": proxytest.HTTP(t, "ann", "pass word"),
		"SOCKS5":                  proxytest.SOCKS5(t, "", ""),
		"SOCKS5 with a password":  proxytest.SOCKS5(t, "ann", "pass word"),
	} {
		cfg := outbound.Config{Proxy: p.URL, ProxyPrivate: true}
		if strings.Contains(name, "password") {
			cfg.ProxyUsername, cfg.ProxyPassword = "ann", "pass word"
		}
		dial, err := cfg.Dial(refusing, false, false)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DialContext: dial}
		// A name that nobody but the proxy can resolve.
		resp, err := (&http.Client{Transport: transport}).Get("http://api.provider.test:" + port)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		transport.CloseIdleConnections()
		if string(body) != "here" || !slices.Equal(p.Targets(), []string{"api.provider.test:" + port}) {
			t.Errorf("%s: answered %q through %q", name, body, p.Targets())
		}
	}
}

func TestWhatAProxyMayNotBeAskedFor(t *testing.T) {
	t.Parallel()
	p := proxytest.HTTP(t, "", "")
	dial, err := outbound.Config{Proxy: p.URL, ProxyPrivate: true}.Dial(refusing, false, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"127.0.0.1:80", "[::1]:80", "10.0.0.1:443", "169.254.169.254:80", "[::ffff:169.254.169.254]:80", "localhost:80", "LOCALHOST.:80", "a.localhost:80",
		"metadata.google.internal:80", "metadata:80", "instance-data.ec2.internal:80", "127.1:80", "2130706433:80", "0x7f000001:80", "0x7f.1:80",
	} {
		if _, err := dial(t.Context(), "tcp", address); !errors.Is(err, addrguard.ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", address, err)
		}
	}
	private, err := outbound.Config{Proxy: p.URL, ProxyPrivate: true}.Dial(refusing, false, true)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"169.254.169.254:80": true, "metadata.google.internal:80": true, "localhost:1": false, "10.0.0.1:1": false} {
		if _, err := private(t.Context(), "tcp", address); errors.Is(err, addrguard.ErrBlocked) != want {
			t.Errorf("%s where private ones are allowed: %v, blocked %v", address, err, want)
		}
	}
	if got := p.Targets(); !slices.Equal(got, []string{"localhost:1", "10.0.0.1:1"}) && !slices.Equal(got, []string{"10.0.0.1:1", "localhost:1"}) {
		t.Errorf("the proxy was asked for %q", got)
	}
}

func TestProxiesThatDoNotConnect(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	closed := proxytest.HTTP(t, "ann", "right")
	for name, cfg := range map[string]outbound.Config{
		"a wrong password":             {Proxy: closed.URL, ProxyPrivate: true, ProxyUsername: "ann", ProxyPassword: "wrong"},
		"no password":                  {Proxy: closed.URL, ProxyPrivate: true},
		"a private address":            {Proxy: closed.URL},
		"SOCKS5 with a wrong password": {Proxy: proxytest.SOCKS5(t, "ann", "right").URL, ProxyPrivate: true, ProxyUsername: "ann", ProxyPassword: "wrong"},
		"SOCKS5 without one":           {Proxy: proxytest.SOCKS5(t, "ann", "right").URL, ProxyPrivate: true},
		"a silent one":                 {Proxy: "http://" + silent.Addr().String(), ProxyPrivate: true},
	} {
		dial, err := cfg.Dial(refusing, false, false)
		if err != nil {
			t.Fatal(err)
		}
		wait := 20 * time.Second
		if name == "a silent one" {
			wait = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		_, err = dial(ctx, "tcp", "api.provider.test:443")
		cancel()
		op, isOp := errors.AsType[*net.OpError](err)
		if !errors.Is(err, outbound.ErrProxy) || !isOp || op.Op != "proxyconnect" || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v, want an error of the proxy without its password", name, err)
		}
		if refused, ok := errors.AsType[*outbound.RefusedError](err); strings.HasSuffix(name, "password") && !strings.HasPrefix(name, "SOCKS") && (!ok || refused.Status != 407) {
			t.Errorf("%s: %v, want a refusal with 407", name, err)
		}
		if name == "a private address" && !errors.Is(err, addrguard.ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", name, err)
		}
	}
}

func TestProxyURLs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://proxy.example": "http://proxy.example:80", "https://Proxy.example/": "https://proxy.example:443",
		"socks5://10.0.0.1": "socks5://10.0.0.1:1080", "http://[::1]:3128": "http://[::1]:3128",
	} {
		if got, err := outbound.ParseProxy(in); err != nil || got.String() != want {
			t.Errorf("%s is %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "proxy:3128", "ftp://proxy", "socks4://proxy", "http://", "http://canary:canary@proxy", "http://proxy/path", "http://proxy?q=1", "http://proxy#f",
		"http://proxy:0", "http://proxy:70000", "http://proxy:", " http://proxy"} {
		if got, err := outbound.ParseProxy(in); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q is %v, %v; want an error without it", in, got, err)
		}
	}
}

func TestTLSOfAProvider(t *testing.T) {
	t.Parallel()
	mine, other := proxytest.NewAuthority(t), proxytest.NewAuthority(t)
	cert, key := mine.Issue("client")
	_, strange := mine.Issue("client")
	if cfg, err := (outbound.Config{}).TLS(); cfg != nil || err != nil {
		t.Errorf("without settings: %v, %v", cfg, err)
	}
	cfg, err := outbound.Config{Authorities: mine.PEM + other.PEM, Certificate: cert, ClientKey: key}.TLS()
	if err != nil || len(cfg.Certificates) != 1 || cfg.MinVersion != tls.VersionTLS12 {
		t.Fatalf("%+v, %v", cfg, err)
	}
	for name, bad := range map[string]outbound.Config{
		"another key":            {Certificate: cert, ClientKey: strange},
		"no key":                 {Certificate: cert},
		"nonsense":               {Authorities: "canary"},
		"a key for an authority": {Authorities: key},
		"something behind it":    {Authorities: mine.PEM + "canary"},
		"a bad proxy":            {Proxy: "canary"},
	} {
		if err := bad.Check(); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error that does not quote it", name, err)
		}
	}
}

package remote_test

import (
	"crypto/tls"
	"net"

	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	"github.com/trunkline-ai/trunkline/internal/outbound/proxytest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// A provider that only its proxy resolves, with a private authority and a client certificate: what the
// steps of a test say when all is right, and what when one thing is not.
func TestStepsOfAProviderThatIsReachedItsOwnWay(t *testing.T) {
	t.Parallel()
	authority, stranger := proxytest.NewAuthority(t), proxytest.NewAuthority(t)
	cert, key := authority.Issue("api.provider.test")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	up := httptest.NewUnstartedServer(fakeprovider.New(fakeprovider.Config{}))
	up.Config.ErrorLog = nil
	up.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool()}
	up.StartTLS()
	t.Cleanup(func() { up.CloseClientConnections(); up.Close() })
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	proxy, socks := proxytest.HTTP(t, "ann", "right"), proxytest.SOCKS5(t, "ann", "right")

	good := outbound.Config{
		Authorities: authority.PEM, Certificate: cert, ClientKey: key, Proxy: proxy.URL, ProxyUsername: "ann", ProxyPassword: "right", ProxyPrivate: true,
	}
	with := func(change func(*outbound.Config)) outbound.Config {
		c := good
		change(&c)
		return c
	}
	strangeCert, strangeKey := stranger.Issue("somebody")
	for name, tt := range map[string]struct {
		way  outbound.Config
		step adminv1.TestStep // that fails; none: 0
		want string
	}{
		"all is right": {good, 0, ""},
		"over SOCKS5":  {with(func(c *outbound.Config) { c.Proxy = socks.URL }), 0, ""},
		"wrong CA": {
			with(func(c *outbound.Config) { c.Authorities = stranger.PEM }), adminv1.TestStep_TEST_STEP_TLS,
			"its certificate is not from an authority that this machine trusts, or one of ca_certificates",
		},
		"system's CAs": {
			with(func(c *outbound.Config) { c.Authorities = "" }), adminv1.TestStep_TEST_STEP_TLS, "its certificate is not from an authority that this machine trusts",
		},
		"no client certificate": {
			with(func(c *outbound.Config) { c.Certificate, c.ClientKey = "", "" }), adminv1.TestStep_TEST_STEP_MODELS, "it asks for a client certificate",
		},
		"another's client certificate": {
			with(func(c *outbound.Config) { c.Certificate, c.ClientKey = strangeCert, strangeKey }), adminv1.TestStep_TEST_STEP_MODELS,
			"it asks for a client certificate, or does not accept the one that is given",
		},
		"wrong password of the proxy": {
			with(func(c *outbound.Config) { c.ProxyPassword = canary }), adminv1.TestStep_TEST_STEP_TCP, "its proxy asks for a user name and password, or refuses those given (407)",
		},
		"wrong password of the SOCKS5 proxy": {
			with(func(c *outbound.Config) { c.Proxy, c.ProxyPassword = socks.URL, canary }), adminv1.TestStep_TEST_STEP_TCP,
			"its proxy asks for a user name and password, or refuses those given",
		},
		"proxy at a private address": {
			with(func(c *outbound.Config) { c.ProxyPrivate = false }), adminv1.TestStep_TEST_STEP_TCP, "its proxy is at an address that is not allowed",
		},
		"no proxy there": {
			with(func(c *outbound.Config) { c.Proxy = "http://127.0.0.1:1" }), adminv1.TestStep_TEST_STEP_TCP, "its proxy refuses the connection",
		},
	} {
		target := remote.Target{BaseURL: "https://api.provider.test:" + port + "/v1", Secret: canary, Outbound: tt.way}
		failed, said := adminv1.TestStep(0), ""
		err := patient().Test(t.Context(), target, "", func(s remote.Step) error {
			if strings.Contains(s.Detail, canary) {
				t.Errorf("%s: a step shows a secret: %s", name, s.Detail)
			}
			if s.Result == adminv1.TestResult_TEST_RESULT_FAILED && failed == 0 {
				failed, said = s.Step, s.Detail
			}
			return nil
		})
		if err != nil || failed != tt.step || !strings.Contains(said, tt.want) {
			t.Errorf("%s: step %v fails with %q (%v), want %v with %q", name, failed, said, err, tt.step, tt.want)
		}
	}
	// The target itself is judged as far as it is known.
	blocked := remote.Target{BaseURL: "http://169.254.169.254/v1", AllowPrivateNetwork: true, Outbound: good}
	if _, err := patient().Models(t.Context(), blocked, nil); err == nil || !strings.Contains(err.Error(), "address that is not allowed") {
		t.Errorf("metadata through a proxy: %v", err)
	}
}

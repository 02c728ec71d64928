package conn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/cli/proc"
)

// Conn is a way to the admin API, signed in when there is something to sign in with.
type Conn struct {
	Client *connect.Client

	session   *session // nil without --username
	transport *http.Transport
}

// Open prepares a connection; with Username it also signs in. Close it.
func (o *Options) Open(ctx context.Context, env *proc.Env, userAgent string) (*Conn, error) {
	t, err := o.target(env)
	if err != nil {
		return nil, err
	}
	httpTransport, err := t.httpTransport()
	if err != nil {
		return nil, err
	}
	if t.insecure {
		fmt.Fprintf(env.Stderr, "WARNING: the certificate of %s is NOT verified: anyone in between can read the token and change the configuration\n", t.server.Host)
	}
	c := &Conn{transport: httpTransport}
	headers := map[string]string{"User-Agent": userAgent}
	if t.token != "" {
		headers["Authorization"] = "Bearer " + t.token
	}
	transport := connecthttp.NewTransport(&http.Client{Transport: httpTransport, CheckRedirect: refuseRedirect}, t.server.String())
	if o.Username != "" {
		if c.session, err = o.signIn(ctx, transport, headers, env); err != nil {
			httpTransport.CloseIdleConnections()
			return nil, err
		}
		headers["Cookie"] = c.session.cookie
	}
	c.Client = connect.NewClient(transport, withHeaders(headers))
	return c, nil
}

// Close signs out, so that the session does not outlive the command.
func (c *Conn) Close() {
	if c.session != nil {
		c.session.end(c.Client)
	}
	c.transport.CloseIdleConnections()
}

// httpTransport is the standard one, proxies from the environment included.
func (to *target) httpTransport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: to.insecure, //nolint:gosec // asked for by name, and warned about
	}
	if to.caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(to.caFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authorities: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s contains no PEM certificate", to.caFile)
	}
	return t, nil
}

// refuseRedirect keeps the token at the address it was meant for.
func refuseRedirect(req *http.Request, via []*http.Request) error {
	return fmt.Errorf("the server redirects to %s://%s: use that address as --server", req.URL.Scheme, req.URL.Host)
}

func withHeaders(headers map[string]string) connect.ClientInterceptor {
	return func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			info, ok := connect.CallInfoForClientContext(ctx)
			if !ok {
				ctx, info = connect.NewClientContext(ctx)
			}
			for name, value := range headers {
				info.RequestHeader().Set(name, value)
			}
			return next(ctx, spec)
		}
	}
}

// joinCookies makes the Cookie header that answers Set-Cookie headers. A jar
// would drop a Secure cookie over http, and this session never leaves the one server.
func joinCookies(setCookie []string) string {
	var pairs []string
	for _, line := range setCookie {
		c, err := http.ParseSetCookie(line)
		if err != nil || c.Value == "" {
			continue
		}
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

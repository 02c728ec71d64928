package faults

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Secrets of the control plane itself.
const (
	hookSecret   = "canary-hook-Gd4kU8sB1nYf5HaL9qZe"
	slackSecret  = "canary-slack-Vx2pM6tC0jRw7EoI"
	mailSecret   = "canary-mail-Uf8lN3zK5hXb1SqD"
	tunnelSecret = "canary-tunnel-Jy7aP4gW2vCm9TiR"
	oidcSecret   = "canary-oidc-Qs0eF6uH3xLd8BkN"
)

// tell makes those alert who repeat what they were sent: a webhook, Slack, and a post office.
func tell(leaky, office string) string {
	_, port, _ := net.SplitHostPort(office)
	return fmt.Sprintf(`kind: AlertChannel
name: hook
digest: 0s
allow_private_network: true
webhook: {url: %[1]s/hook, secret: whsec_%[2]s}
---
kind: AlertChannel
name: slack
digest: 0s
allow_private_network: true
slack: {webhook_url: %[1]s/%[3]s}
---
kind: AlertChannel
name: mail
digest: 0s
allow_private_network: true
email: {host: 127.0.0.1, port: %[4]s, security: none, username: ops, password: %[5]s, from: a@example.com, to: [b@example.com]}
---
kind: Provider
name: tunnelled
base_url: http://provider.invalid/v1
proxy: {url: %[1]s, username: trunkline, secret: %[6]s, allow_private_network: true}
credentials: [{name: main, secret: %[7]s}]
models: [{id: any}]
---
kind: Group
name: tunnelled
members: [{provider: tunnelled, model: any}]
---
`, leaky, base64.StdEncoding.EncodeToString([]byte(hookSecret)), slackSecret, port, mailSecret, tunnelSecret, providerSecret)
}

// postOffice refuses everybody, and repeats the password.
func postOffice(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(conn, "220 leaky\r\n")
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				line := lines.Text()
				switch word, given, _ := strings.Cut(line, " PLAIN "); {
				case strings.HasPrefix(word, "EHLO"):
					_, _ = fmt.Fprint(conn, "250-leaky\r\n250 AUTH PLAIN\r\n")
				case word == "AUTH":
					plain, _ := base64.StdEncoding.DecodeString(given)
					_, _ = fmt.Fprintf(conn, "535 5.7.8 refused: %s %s\r\n", given, strings.ReplaceAll(string(plain), "\x00", " "))
				default:
					_, _ = fmt.Fprint(conn, "221 bye\r\n")
				}
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// leakToPlane answers what a control plane asks: it is an identity provider, receives alerts, and repeats everything. It
// reports whether the request was one of these.
func leakToPlane(w http.ResponseWriter, r *http.Request, body []byte) bool {
	base := "http://" + r.Host
	user, password, _ := r.BasicAuth()
	switch {
	case r.Method == http.MethodConnect:
		sent := r.Header.Get("Proxy-Authorization")
		plain, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(sent, "Basic "))
		w.Header().Set("Proxy-Authenticate", string(plain))
		http.Error(w, sent+" "+string(plain), http.StatusProxyAuthRequired)
	case r.URL.Path == "/.well-known/openid-configuration":
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q,"id_token_signing_alg_values_supported":["RS256"]}`,
			base, base+"/authorize", base+"/token", base+"/keys")
	case r.URL.Path == "/token":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s %s %s %s"}`, user, password, r.Header.Get("Authorization"), body)
	case r.URL.Path == "/hook", strings.HasPrefix(r.URL.Path, "/canary-slack"):
		http.Error(w, r.URL.String()+" "+r.Header.Get("Webhook-Signature"), http.StatusBadRequest)
	default:
		return false
	}
	return true
}

// mint has the control plane make secrets, which nobody may see again.
func (f *fleet) mint(s *sinks) {
	f.t.Helper()
	client, ctx := f.rpc(), f.t.Context()
	token, err := adminv1connect.NewTokenServiceClient(client).CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "canary", Role: adminv1.Role_ROLE_VIEWER}})
	if err != nil {
		f.t.Fatal(err)
	}
	join, err := adminv1connect.NewNodeServiceClient(client).CreateJoinToken(ctx, &adminv1.CreateJoinTokenRequest{Note: "canary"})
	if err != nil {
		f.t.Fatal(err)
	}
	factor, err := adminv1connect.NewSessionServiceClient(client).BeginTotp(ctx, &adminv1.BeginTotpRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	s.minted = map[string]string{"an API token": token.GetSecret(), "a node's join token": join.GetSecret(), "a second factor's secret": factor.GetSecret()}
}

// signInElsewhere comes back from the identity provider, whose token endpoint then refuses.
func (f *fleet) signInElsewhere(s *sinks) {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	session := adminv1connect.NewSessionServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar}, f.plane.Address("console"))))
	begun, err := session.BeginOidc(f.t.Context(), &adminv1.BeginOidcRequest{Next: "/"})
	if err != nil {
		f.t.Fatal(err)
	}
	at, err := url.Parse(begun.GetUrl())
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = session.FinishOidc(f.t.Context(), &adminv1.FinishOidcRequest{State: at.Query().Get("state"), Code: "a code"})
	if connect.CodeOf(err) != connect.CodeUnauthenticated {
		f.t.Fatalf("signed in elsewhere: %v", err)
	}
	s.look("the admin API", []byte(err.Error()))
}

// awaitAlerts waits until every channel has refused a message.
func (f *fleet) awaitAlerts() {
	f.t.Helper()
	channels := adminv1connect.NewAlertChannelServiceClient(f.rpc())
	eventually(f.t, "alerts were sent to every channel", func() bool {
		list, err := channels.ListAlertChannelDeliveries(f.t.Context(), &adminv1.ListAlertChannelDeliveriesRequest{})
		refused := map[string]bool{}
		for _, d := range list.GetDeliveries() {
			refused[d.GetChannel()] = refused[d.GetChannel()] || d.GetError() != ""
		}
		return err == nil && refused["hook"] && refused["slack"] && refused["mail"]
	})
}

// streams looks at what is exported as files.
func (f *fleet) streams(s *sinks, client *connect.Client) {
	f.t.Helper()
	calls, err := adminv1connect.NewCallServiceClient(client).ExportCalls(f.t.Context(), &adminv1.ExportCallsRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer calls.Close()
	events, err := adminv1connect.NewAuditServiceClient(client).ExportAuditEvents(f.t.Context(), &adminv1.ExportAuditEventsRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer events.Close()
	for err == nil {
		var part *adminv1.ExportCallsResponse
		part, err = calls.Receive()
		s.look("an export of calls", part.GetData())
	}
	if !errors.Is(err, io.EOF) {
		f.t.Fatal(err)
	}
	for err = nil; err == nil; {
		var part *adminv1.ExportAuditEventsResponse
		part, err = events.Receive()
		s.look("an export of the audit log", part.GetData())
	}
	if !errors.Is(err, io.EOF) {
		f.t.Fatal(err)
	}
}

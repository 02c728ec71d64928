package cloudauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/outbound"
	"github.com/trunkline-ai/trunkline/internal/outbound/proxytest"
)

func sprint(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }

// clouds is a server that is every token endpoint and metadata service. It keeps what it was asked.
type clouds struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	forms  []url.Values
	heads  []http.Header
	status int    // answered in place of a token; 0: a token
	body   string // answered in place of a token
}

func serveClouds(t *testing.T) *clouds {
	t.Helper()
	c := &clouds{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

const keysAnswer = `<R><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE000000000000</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>` +
	`<SessionToken>role-session</SessionToken><Expiration>2027-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></R>`

func (c *clouds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	c.mu.Lock()
	c.asked, c.forms, c.heads = append(c.asked, r.Method+" "+r.Host+" "+r.URL.String()), append(c.forms, form), append(c.heads, r.Header)
	status, text := c.status, c.body
	c.mu.Unlock()
	switch {
	case status != 0 || text != "":
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(max(status, 200))
		_, _ = io.WriteString(w, text)
	case r.URL.Path == "/latest/api/token":
		_, _ = io.WriteString(w, "imds-session")
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
		_, _ = io.WriteString(w, "node-role\n")
	case strings.HasPrefix(r.URL.Path, "/latest/") || r.URL.Path == "/container":
		_, _ = io.WriteString(w, `{"Code":"Success","AccessKeyId":"ASIANODE000000000000","SecretAccessKey":"node-secret","Token":"node-session","Expiration":"2027-01-01T00:00:00Z"}`)
	case form.Get("Action") != "":
		_, _ = io.WriteString(w, keysAnswer)
	case strings.HasPrefix(r.URL.Path, "/metadata/") || r.URL.Path == "/msi":
		_, _ = io.WriteString(w, `{"access_token":"canary-token","expires_in":"3599","expires_on":"1","token_type":"Bearer"}`)
	default:
		_, _ = io.WriteString(w, `{"access_token":"canary-token","expires_in":3599,"token_type":"Bearer"}`)
	}
}

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// minter may do everything, with an environment and files of the test's.
func (c *clouds) minter(env, files map[string]string) *Minter {
	return New(Config{
		AllowPrivateNetwork: true, InstanceIdentity: true, Metadata: c.URL, STS: func(region string) string { return c.URL + "/sts-" + region },
		Now: func() time.Time { return now }, Getenv: func(name string) string { return env[name] },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, errors.New("no such file")
		},
	})
}

// keyFile is that of a service account whose tokens come from tokenURI.
func keyFile(t *testing.T, tokenURI string) (file string, public *rsa.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "sa@p.iam.gserviceaccount.com", "private_key_id": "kid", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), &key.PublicKey
}

func TestEveryKindGetsWhatItAsksFor(t *testing.T) {
	t.Parallel()
	c := serveClouds(t)
	file, public := keyFile(t, c.URL+"/google")
	env := map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": c.URL + "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "agent",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "/aws", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/env",
		"AZURE_FEDERATED_TOKEN_FILE": "/azure", "AZURE_TENANT_ID": "env-tenant", "AZURE_CLIENT_ID": "env-client", "AZURE_AUTHORITY_HOST": c.URL + "/",
	}
	const role = "arn:aws:iam::123456789012:role/bedrock"
	for name, tt := range map[string]struct {
		spec  Spec
		env   map[string]string
		asked []string
		form  url.Values
		head  map[string]string
		life  time.Duration // 0: forever
		sends string
	}{
		"oauth, in a header": {
			spec:  Spec{Kind: OAuth, TokenURL: c.URL + "/oauth?x=1", ClientID: "id:1", Secret: "s e+c", Scope: "a b", Audience: "aud"},
			asked: []string{"POST HOST /oauth?x=1"}, form: url.Values{"grant_type": {"client_credentials"}, "scope": {"a b"}, "audience": {"aud"}},
			head: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("id%3A1:s+e%2Bc"))}, life: 3599 * time.Second, sends: "canary-token",
		},
		"oauth, in the form": {
			spec:  Spec{Kind: OAuth, TokenURL: c.URL + "/oauth", ClientID: "id", Secret: "secret", ClientAuth: ByBody},
			asked: []string{"POST HOST /oauth"}, form: url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}},
			head: map[string]string{"Authorization": ""}, life: 3599 * time.Second, sends: "canary-token",
		},
		"entra": {
			spec:  Spec{Kind: Entra, Tenant: "t", ClientID: "id", Secret: "secret", Authority: c.URL},
			asked: []string{"POST HOST /t/oauth2/v2.0/token"},
			form:  url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}, "scope": {"https://cognitiveservices.azure.com/.default"}},
			life:  3599 * time.Second, sends: "canary-token",
		},
		"entra, a virtual machine": {
			spec:  Spec{Kind: Entra, Source: ManagedIdentity, ClientID: "mine"},
			asked: []string{"GET HOST /metadata/identity/oauth2/token?api-version=2018-02-01&client_id=mine&resource=https%3A%2F%2Fcognitiveservices.azure.com"},
			head:  map[string]string{"Metadata": "true"}, life: 3599 * time.Second, sends: "canary-token",
		},
		"entra, an app": {
			spec: Spec{Kind: Entra, Source: ManagedIdentity}, env: map[string]string{"IDENTITY_ENDPOINT": c.URL + "/msi", "IDENTITY_HEADER": "h"},
			asked: []string{"GET HOST /msi?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com"},
			head:  map[string]string{"X-Identity-Header": "h", "Metadata": ""}, life: 3599 * time.Second, sends: "canary-token",
		},
		"entra, a pod": {
			spec:  Spec{Kind: Entra, Source: WorkloadIdentity, Scope: "api://x/.default"},
			asked: []string{"POST HOST /env-tenant/oauth2/v2.0/token"},
			form: url.Values{"grant_type": {"client_credentials"}, "client_id": {"env-client"}, "scope": {"api://x/.default"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {"azure-token"}},
			life: 3599 * time.Second, sends: "canary-token",
		},
		"google, a machine or pod": {
			spec:  Spec{Kind: Google, Source: Metadata, Scope: "one two"},
			asked: []string{"GET metadata.google.internal /computeMetadata/v1/instance/service-accounts/default/token?scopes=one%2Ctwo"},
			head:  map[string]string{"Metadata-Flavor": "Google"}, life: 3599 * time.Second, sends: "canary-token",
		},
		"google, a key": {
			spec: Spec{Kind: Google, Secret: file}, asked: []string{"POST HOST /google"}, life: 3599 * time.Second, sends: "canary-token",
		},
		"aws, keys": {spec: Spec{Kind: AWS, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE000000000", Secret: "secret"}},
		"aws, a role by keys": {
			spec:  Spec{Kind: AWS, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE000000000", Secret: "secret", RoleARN: role, ExternalID: "ext"},
			asked: []string{"POST HOST /sts-us-east-1/"},
			form:  url.Values{"Action": {"AssumeRole"}, "RoleArn": {role}, "ExternalId": {"ext"}, "Version": {"2011-06-15"}, "RoleSessionName": {"trunkline"}},
			head:  map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE000000000/20261129/us-east-1/sts/aws4_request, SignedHeaders="},
			life:  time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now), sends: "role-session",
		},
		"aws, an instance": {
			spec: Spec{Kind: AWS, Region: "eu-west-1", Source: Instance},
			asked: []string{"PUT HOST /latest/api/token", "GET HOST /latest/meta-data/iam/security-credentials/",
				"GET HOST /latest/meta-data/iam/security-credentials/node-role"},
			head: map[string]string{"X-Aws-Ec2-Metadata-Token": "imds-session"}, life: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now), sends: "node-session",
		},
		"aws, a container": {
			spec: Spec{Kind: AWS, Region: "eu-west-1", Source: Container}, asked: []string{"GET HOST /container"},
			head: map[string]string{"Authorization": "agent"}, life: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now), sends: "node-session",
		},
		"aws, a pod by its token": {
			spec: Spec{Kind: AWS, Region: "eu-west-1", Source: WebIdentity}, asked: []string{"POST HOST /sts-eu-west-1/"},
			form: url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {"arn:aws:iam::123456789012:role/env"}, "WebIdentityToken": {"aws-token"},
				"Version": {"2011-06-15"}, "RoleSessionName": {"trunkline"}},
			head: map[string]string{"Authorization": ""}, life: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now), sends: "role-session",
		},
	} {
		c.mu.Lock()
		c.asked, c.forms, c.heads = nil, nil, nil
		c.mu.Unlock()
		if tt.env == nil {
			tt.env = env
		}
		grant, err := c.minter(tt.env, map[string]string{"/aws": "aws-token\n", "/azure": "azure-token\n"}).Mint(t.Context(), tt.spec, Way{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range tt.asked {
			tt.asked[i] = strings.Replace(tt.asked[i], "HOST", strings.TrimPrefix(c.URL, "http://"), 1)
		}
		if !slices.Equal(c.asked, tt.asked) {
			t.Errorf("%s: asked %q, want %q", name, c.asked, tt.asked)
		}
		if got := c.forms; tt.form != nil && (len(got) != 1 || got[0].Encode() != tt.form.Encode()) {
			t.Errorf("%s: sent %v, want %v", name, got, tt.form)
		}
		for header, want := range tt.head {
			if got := c.heads[len(c.heads)-1].Get(header); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if life := grant.Expires.Sub(now); tt.life == 0 && !grant.Expires.IsZero() || tt.life != 0 && life != tt.life {
			t.Errorf("%s: it lives for %s, want %s", name, life, tt.life)
		}
		if got := strings.Join(grant.Sent(), ","); got != tt.sends {
			t.Errorf("%s: sends %q, want %q", name, got, tt.sends)
		}
		if tt.spec.Secret == file {
			checkAssertion(t, c.forms[0], public, c.URL+"/google")
		}
		r := httptest.NewRequest("POST", "https://p.example/v1", nil)
		if err := grant.Authorize(t.Context(), r, EmptyHash, now); err != nil {
			t.Error(err)
		}
		if got := r.Header.Get("Authorization"); !grant.Signs() && got != "Bearer canary-token" || grant.Signs() && !strings.Contains(got, "/"+tt.spec.Region+"/bedrock/aws4_request") {
			t.Errorf("%s: authorized as %q", name, got)
		}
	}
}

// checkAssertion checks the JWT of a service account.
func checkAssertion(t *testing.T, form url.Values, public *rsa.PublicKey, audience string) {
	t.Helper()
	parts := strings.Split(form.Get("assertion"), ".")
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(parts) != 3 {
		t.Fatalf("sent %v", form)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) != nil {
		t.Errorf("the assertion is not signed with the account's key")
	}
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil || claims.Iss != "sa@p.iam.gserviceaccount.com" || claims.Aud != audience || claims.Scope != "https://www.googleapis.com/auth/cloud-platform" ||
		claims.Exp-claims.Iat > 3600 || claims.Exp <= now.Unix() {
		t.Errorf("claims %s, %v", text, err)
	}
}

func TestWhatTokenEndpointsAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status  int
		body    string
		want    string // of the error; empty: none
		refused bool
		life    time.Duration
	}{
		"a wrong secret":         {401, `{"error":"invalid_client","error_description":"canary"}`, "the token endpoint refuses the credential (401 invalid_client)", true, 0},
		"a code that is none":    {400, `{"error":"canary secret-0"}`, "the token endpoint refuses the credential (400)", true, 0},
		"busy":                   {429, ``, "the token endpoint is asked too often (429)", false, 0},
		"down":                   {503, `<html>canary`, "the token endpoint has a problem of its own (503)", false, 0},
		"a redirect":             {302, ``, "the token endpoint redirects, which is not followed (302)", true, 0},
		"no JSON":                {200, `<html>canary`, "the token endpoint answers 200 without a token", false, 0},
		"no token":               {200, `{"canary":1}`, "the token endpoint answers 200 without a token", false, 0},
		"a token with a line":    {200, `{"access_token":"a\r\nx: y"}`, "the token endpoint gives a token that no header can hold", false, 0},
		"another kind of token":  {200, `{"access_token":"a","token_type":"mac"}`, "the token endpoint gives a token that is no bearer token", true, 0},
		"a token that has ended": {200, `{"access_token":"a","expires_in":0}`, "the token endpoint gives a token that has ended", false, 0},
		"too much":               {200, strings.Repeat(" ", answerBytes+1), "the token endpoint answers with more than 256 KiB", false, 0},
		"no life":                {200, `{"access_token":"a"}`, "", false, 10 * time.Minute},
		"a life in quotes":       {200, `{"access_token":"a","expires_in":"60"}`, "", false, time.Minute},
		"a life without end":     {200, `{"access_token":"a","expires_in":1e300}`, "", false, longestLife},
		"an end":                 {200, fmt.Sprintf(`{"access_token":"a","expires_on":"%d"}`, now.Add(time.Hour).Unix()), "", false, time.Hour},
	} {
		c := serveClouds(t)
		c.status, c.body = tt.status, tt.body+" "
		grant, err := c.minter(nil, nil).Mint(t.Context(), Spec{Kind: OAuth, TokenURL: c.URL, ClientID: "id", Secret: "canary-secret"}, Way{})
		fault, _ := errors.AsType[*Fault](err)
		switch {
		case tt.want == "" && (err != nil || grant.Expires.Sub(now) != tt.life):
			t.Errorf("%s: lives for %s, %v; want %s", name, grant.Expires.Sub(now), err, tt.life)
		case tt.want != "" && (fault == nil || fault.Error() != tt.want || fault.Refused != tt.refused):
			t.Errorf("%s: %v, want %q, refused %v", name, err, tt.want, tt.refused)
		}
	}
}

func TestWhatMetadataServicesAndSTSAnswer(t *testing.T) {
	t.Parallel()
	role := Spec{Kind: AWS, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE000000000", Secret: "secret", RoleARN: "arn:aws:iam::123456789012:role/r"}
	instance := Spec{Kind: AWS, Region: "us-east-1", Source: Instance}
	for name, tt := range map[string]struct {
		spec   Spec
		status int
		body   string
		want   string
	}{
		"a role that may not be assumed": {role, 403, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>canary</Message></Error></ErrorResponse>`, "STS refuses the credential (403 AccessDenied)"},
		"an answer without keys":         {role, 200, `<R/>`, "STS answers 200 without keys"},
		"keys that have ended":           {role, 200, strings.Replace(keysAnswer, "2027", "2025", 1), "STS gives keys that have ended; is this machine's clock right?"},
		"an instance without IMDS":       {instance, 404, ``, "the instance metadata service refuses the credential (404)"},
		"an instance without a role":     {instance, 200, "\n", "the instance has no role"},
	} {
		c := serveClouds(t)
		c.status, c.body = tt.status, tt.body
		if _, err := c.minter(nil, nil).Mint(t.Context(), tt.spec, Way{}); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestTheMachinesIdentityNeedsItsOperator(t *testing.T) {
	t.Parallel()
	c := serveClouds(t)
	for kind, all := range sources {
		for _, source := range all {
			s := Spec{Kind: kind, Source: source, Region: "us-east-1", Tenant: "", ClientID: "id"}
			if !s.OfMachine() {
				continue
			}
			m := New(Config{AllowPrivateNetwork: true, Metadata: c.URL})
			if _, err := m.Mint(t.Context(), s, Way{}); err == nil || !strings.Contains(err.Error(), "--allow-instance-identity") {
				t.Errorf("%s from %s: %v", kind, source, err)
			}
		}
	}
	if len(c.asked) != 0 {
		t.Errorf("asked %q all the same", c.asked)
	}
	// And nothing that the environment names is asked beyond this machine.
	m := New(Config{InstanceIdentity: true, Getenv: func(name string) string {
		return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x", "IDENTITY_ENDPOINT": "http://10.0.0.1/x"}[name]
	}})
	for _, s := range []Spec{{Kind: AWS, Source: Container, Region: "us-east-1"}, {Kind: Entra, Source: ManagedIdentity}} {
		if _, err := m.Mint(t.Context(), s, Way{}); err == nil || !strings.Contains(err.Error(), "address that is not allowed") {
			t.Errorf("%s: %v, want it blocked", s.Source, err)
		}
	}
}

func TestTokenEndpointsAreReachedAsTheProviderIs(t *testing.T) {
	t.Parallel()
	c := serveClouds(t)
	spec := Spec{Kind: OAuth, TokenURL: c.URL, ClientID: "id", Secret: "canary"}
	guarded := New(Config{Now: func() time.Time { return now }})
	_, err := guarded.Mint(t.Context(), spec, Way{})
	if err == nil || !strings.Contains(err.Error(), "the token endpoint is at an address that is not allowed") || len(c.asked) != 0 {
		t.Errorf("loopback: %v, asked %q", err, c.asked)
	}
	if _, err := guarded.Mint(t.Context(), spec, Way{Private: true}); err != nil {
		t.Errorf("a provider that may be private: %v", err)
	}
	for _, metadata := range []string{"http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://169.254.170.2/"} {
		spec.TokenURL = metadata
		if _, err := guarded.Mint(t.Context(), spec, Way{Private: true}); err == nil || !strings.Contains(err.Error(), "address that is not allowed") {
			t.Errorf("%s: %v, want it blocked", metadata, err)
		}
	}
	proxy := proxytest.HTTP(t, "ann", "right")
	_, port, _ := net.SplitHostPort(c.Listener.Addr().String())
	spec.TokenURL = "http://login.test:" + port + "/token"
	way := Way{Outbound: outbound.Config{Proxy: proxy.URL, ProxyUsername: "ann", ProxyPassword: "right", ProxyPrivate: true}}
	if _, err := guarded.Mint(t.Context(), spec, way); err != nil || !slices.Equal(proxy.Targets(), []string{"login.test:" + port}) {
		t.Errorf("through the proxy: %v, %q", err, proxy.Targets())
	}
	way.Outbound.ProxyPassword = "wrong"
	if _, err := guarded.Mint(t.Context(), spec, way); err == nil || err.Error() != "the token endpoint is not reached through the proxy" {
		t.Errorf("a wrong password of the proxy: %v", err)
	}
	secure := httptest.NewTLSServer(c)
	t.Cleanup(secure.Close)
	spec.TokenURL = secure.URL
	if _, err := guarded.Mint(t.Context(), spec, Way{Private: true}); err == nil || err.Error() != "the certificate of the token endpoint is not valid here" {
		t.Errorf("an unknown authority: %v", err)
	}
	pemText := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	if _, err := guarded.Mint(t.Context(), spec, Way{Private: true, Outbound: outbound.Config{Authorities: pemText}}); err != nil {
		t.Errorf("the provider's authority: %v", err)
	}
	secure.Close()
	if _, err := guarded.Mint(t.Context(), spec, Way{Private: true}); err == nil || err.Error() != "the token endpoint refuses the connection" {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := guarded.Mint(ctx, spec, Way{Private: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Whoever may change a provider must not read what the machine asserts of itself, by a proxy or an
// authority of their own.
func TestAssertionsOfTheMachineDoNotGoThroughTheProvidersProxy(t *testing.T) {
	t.Parallel()
	c := serveClouds(t)
	env := map[string]string{
		"AWS_WEB_IDENTITY_TOKEN_FILE": "/aws", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/env",
		"AZURE_FEDERATED_TOKEN_FILE": "/azure", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "id", "AZURE_AUTHORITY_HOST": c.URL,
	}
	files := map[string]string{"/aws": "aws-token", "/azure": "azure-token"}
	secure := httptest.NewTLSServer(c)
	t.Cleanup(secure.Close)
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	for _, spec := range []Spec{
		{Kind: AWS, Source: WebIdentity, Region: "us-east-1"},
		{Kind: Entra, Source: WorkloadIdentity},
	} {
		proxy := proxytest.HTTP(t, "ann", "right")
		way := Way{Private: true, Outbound: outbound.Config{Proxy: proxy.URL, ProxyUsername: "ann", ProxyPassword: "right", ProxyPrivate: true}}
		env["AZURE_AUTHORITY_HOST"] = c.URL
		m := c.minter(env, files)
		if _, err := m.Mint(t.Context(), spec, way); err != nil || len(proxy.Targets()) != 0 {
			t.Errorf("%s: %v, the proxy was asked for %q", spec.Source, err, proxy.Targets())
		}
		env["AZURE_AUTHORITY_HOST"] = secure.URL
		m.cfg.STS = func(string) string { return secure.URL }
		asked := len(c.asked)
		if _, err := m.Mint(t.Context(), spec, Way{Private: true, Outbound: outbound.Config{Authorities: authority}}); err == nil || !strings.Contains(err.Error(), "certificate") || len(c.asked) != asked {
			t.Errorf("%s: %v with the provider's authority", spec.Source, err)
		}
	}
}

func TestSpecsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	file, _ := keyFile(t, "")
	other := func(field, value string) string {
		var doc map[string]string
		if err := json.Unmarshal([]byte(file), &doc); err != nil {
			t.Fatal(err)
		}
		doc[field] = value
		text, _ := json.Marshal(doc)
		return string(text)
	}
	keys := Spec{Kind: AWS, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE000000000"}
	with := func(s Spec, change func(*Spec)) Spec { change(&s); return s }
	for name, tt := range map[string]struct {
		spec Spec
		want string
	}{
		"aws":                              {keys, ""},
		"aws, gov":                         {with(keys, func(s *Spec) { s.Region = "us-gov-west-1" }), ""},
		"aws without a region":             {with(keys, func(s *Spec) { s.Region = "" }), "region is required"},
		"aws with a host as region":        {with(keys, func(s *Spec) { s.Region = "evil.example/x-1" }), "region must be a region such as us-east-1"},
		"aws without an id":                {with(keys, func(s *Spec) { s.AccessKeyID = "" }), "access_key_id is required"},
		"aws, an instance with an id":      {with(keys, func(s *Spec) { s.Source = Instance }), "access_key_id is for source keys only"},
		"aws with a role that is none":     {with(keys, func(s *Spec) { s.RoleARN = "role" }), "role_arn must be the ARN of a role such as arn:aws:iam::123456789012:role/name"},
		"aws, an external id for nothing":  {with(keys, func(s *Spec) { s.ExternalID = "ext" }), "external_id is for a role_arn that is assumed with keys or another role only"},
		"aws, a service with a slash":      {with(keys, func(s *Spec) { s.Service = "a/b" }), "service must be the name of a service such as bedrock"},
		"another source":                   {Spec{Kind: Google, Source: Keys}, "source must be one of key, metadata"},
		"google":                           {Spec{Kind: Google, Secret: file}, ""},
		"google, no JSON":                  {Spec{Kind: Google, Secret: "canary"}, "secret is not JSON: give the whole key file of a service account"},
		"google, another file":             {Spec{Kind: Google, Secret: other("type", "external_account")}, "secret is not the key file of a service account: its type must be service_account"},
		"google, no PEM":                   {Spec{Kind: Google, Secret: other("private_key", "canary")}, "secret has a private_key that is not PEM"},
		"google, no key":                   {Spec{Kind: Google, Secret: other("private_key", "-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n")}, "secret has a private_key that is not an RSA key"},
		"google, no account":               {Spec{Kind: Google, Secret: other("client_email", "")}, "secret lacks client_email or private_key"},
		"google, a file as address":        {Spec{Kind: Google, Secret: other("token_uri", "file:///etc/passwd")}, "secret has a token_uri that must be a URL that begins with https:// or http:// and names a host"},
		"google, an account of a key":      {Spec{Kind: Google, Account: "a@b.example"}, "service_account is for source metadata only: a key is of one account"},
		"entra":                            {Spec{Kind: Entra, Tenant: "contoso.onmicrosoft.com", ClientID: "id"}, ""},
		"entra without a tenant":           {Spec{Kind: Entra, ClientID: "id"}, "tenant_id is required"},
		"entra, a tenant with a path":      {Spec{Kind: Entra, Tenant: "a/b", ClientID: "id"}, "tenant_id must be the id or the domain of a tenant"},
		"entra, an authority with a path":  {Spec{Kind: Entra, Tenant: "t", ClientID: "id", Authority: "https://a.example/t"}, "authority must be a scheme and a host alone"},
		"entra, a machine with authority":  {Spec{Kind: Entra, Source: ManagedIdentity, Authority: "https://a.example"}, "authority is for source secret only: the machine's identity has its own"},
		"entra, a machine":                 {Spec{Kind: Entra, Source: ManagedIdentity}, ""},
		"oauth":                            {Spec{Kind: OAuth, TokenURL: "https://a.example/t?x=y", ClientID: "id"}, ""},
		"oauth without a URL":              {Spec{Kind: OAuth, ClientID: "id"}, "token_url is required"},
		"oauth, a password in the URL":     {Spec{Kind: OAuth, TokenURL: "https://u:canary@a.example", ClientID: "id"}, "token_url must not contain a user name, a password or a fragment"},
		"oauth, a port that is none":       {Spec{Kind: OAuth, TokenURL: "https://a.example:0", ClientID: "id"}, "token_url must have a port from 1 to 65535"},
		"oauth without a client":           {Spec{Kind: OAuth, TokenURL: "https://a.example"}, "client_id is required"},
		"oauth, a scope with a line break": {Spec{Kind: OAuth, TokenURL: "https://a.example", ClientID: "id", Scope: "a\nb"}, "scope must be scopes with one space between them"},
		"oauth, another way":               {Spec{Kind: OAuth, TokenURL: "https://a.example", ClientID: "id", ClientAuth: "x"}, "client_auth must be basic or body"},
	} {
		var found []string
		tt.spec.Check(func(field, reason string) { found = append(found, field+" "+reason) })
		if got := strings.Join(found, "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if _, err := New(Config{}).Mint(t.Context(), Spec{Kind: OAuth}, Way{}); err == nil || err.Error() != "its client_id is required" {
		t.Errorf("minted all the same: %v", err)
	}
}

func TestSecretsKnowWhereTheyGo(t *testing.T) {
	t.Parallel()
	a := Spec{Kind: OAuth, TokenURL: "https://A.example/x"}
	if b := (Spec{Kind: OAuth, TokenURL: "https://a.example:443/y?z"}); a.Destination() != b.Destination() {
		t.Errorf("%s and %s", a.Destination(), b.Destination())
	}
	seen := map[string]bool{"": true}
	for _, s := range []Spec{a, {Kind: OAuth, TokenURL: "http://a.example/x"}, {Kind: OAuth, TokenURL: "https://b.example/x"}, {Kind: Entra},
		{Kind: Entra, Authority: "https://login.microsoftonline.us"}, {Kind: AWS}, {Kind: Google}} {
		if seen[s.Destination()] {
			t.Errorf("%s twice", s.Destination())
		}
		seen[s.Destination()] = true
	}
}

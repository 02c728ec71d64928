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
	"net/http"
	"net/url"
	"strings"
	"time"
)

// google gets a token for a service account: for its key, or from the metadata server.
func (o *order) google(ctx context.Context) (Grant, error) {
	if o.spec.Source == Metadata {
		where := o.cfg.Metadata + "/computeMetadata/v1/instance/service-accounts/" + url.PathEscape(o.spec.Account) +
			"/token?scopes=" + url.QueryEscape(strings.ReplaceAll(o.spec.Scope, " ", ","))
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
		if err != nil {
			return Grant{}, refused("the URL of Google's metadata server is none")
		}
		r.Host = "metadata.google.internal"
		r.Header.Set("Metadata-Flavor", "Google")
		return o.ofMachine(ctx, r, "Google's metadata server")
	}
	account, err := parseServiceAccount(o.spec.Secret)
	if err != nil {
		return Grant{}, refused("the service account's key %s", err)
	}
	assertion, err := account.assert(o.spec.Scope, o.cfg.Now())
	if err != nil {
		return Grant{}, refused("the service account's key cannot sign")
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	return o.exchange(ctx, account.tokenURL, form, nil)
}

// ofMachine asks a service of this machine for a token.
func (o *order) ofMachine(ctx context.Context, r *http.Request, who string) (Grant, error) {
	client := local()
	defer client.CloseIdleConnections()
	return o.bearer(ctx, client, r, who)
}

// serviceAccount is what is used of a key file of Google. Other kinds of files that Google's libraries
// take would name files and programs of this machine, and are refused.
type serviceAccount struct {
	email, keyID, tokenURL string
	key                    *rsa.PrivateKey
}

func parseServiceAccount(text string) (*serviceAccount, error) {
	var file struct {
		Type       string `json:"type"`
		Email      string `json:"client_email"`
		KeyID      string `json:"private_key_id"`
		PrivateKey string `json:"private_key"`
		TokenURI   string `json:"token_uri"`
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil { // the cause would quote it
		return nil, errors.New("is not JSON: give the whole key file of a service account")
	}
	if file.Type != "service_account" {
		return nil, errors.New("is not the key file of a service account: its type must be service_account")
	}
	if file.Email == "" || file.PrivateKey == "" {
		return nil, errors.New("lacks client_email or private_key")
	}
	s := &serviceAccount{email: file.Email, keyID: file.KeyID, tokenURL: file.TokenURI}
	if s.tokenURL == "" {
		s.tokenURL = "https://oauth2.googleapis.com/token"
	}
	var fault string
	checkURL("token_uri", s.tokenURL, false, func(_, reason string) { fault = reason })
	if fault != "" {
		return nil, errors.New("has a token_uri that " + fault)
	}
	block, _ := pem.Decode([]byte(file.PrivateKey))
	if block == nil {
		return nil, errors.New("has a private_key that is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("has a private_key that is not an RSA key")
	}
	s.key = key
	return s, nil
}

// assert signs what is exchanged for a token (RFC 7523).
func (s *serviceAccount) assert(scope string, now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": s.keyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": s.email, "scope": scope, "aud": s.tokenURL, "iat": now.Add(-10 * time.Second).Unix(), "exp": now.Add(30 * time.Minute).Unix(),
	})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + encode(signature), nil
}

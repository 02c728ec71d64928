package cloudauth

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Grant is what was minted: a bearer token, or keys that sign requests. It holds secrets and shows none.
type Grant struct {
	// Expires is when it ends; zero: never.
	Expires time.Time

	bearer string
	keys   *signingKeys // nil: there is a bearer token
}

// signingKeys sign requests as AWS wants it.
type signingKeys struct {
	aws.Credentials
	region, service string
	signer          *v4.Signer // remembers the key that is derived for the day
}

// String tells nothing.
func (Grant) String() string { return "[redacted]" }

// GoString tells nothing.
func (Grant) GoString() string { return "[redacted]" }

// Sent are the secrets that go out with requests.
func (g *Grant) Sent() []string {
	switch {
	case g.keys == nil:
		return []string{g.bearer}
	case g.keys.SessionToken != "":
		return []string{g.keys.SessionToken}
	}
	return nil
}

// Signs reports whether Authorize needs the hash of the body.
func (g *Grant) Signs() bool { return g.keys != nil }

// Authorize writes it into a request that is complete but for its body. hash is SHA-256 of the body in
// hex, where the grant signs. The request's URL is not changed, but may be another one afterwards: the
// same query, written as it was signed.
func (g *Grant) Authorize(ctx context.Context, r *http.Request, hash string, now time.Time) error {
	if g.keys == nil {
		r.Header["Authorization"] = []string{"Bearer " + g.bearer}
		return nil
	}
	u := *r.URL // the signer writes into it, and others use it too
	r.URL = &u
	return g.keys.signer.SignHTTP(ctx, g.keys.Credentials, r, hash, g.keys.service, g.keys.region, now)
}

// EmptyHash is the hash of no body.
const EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func signing(s Spec, id, secret, session string, expires time.Time) Grant {
	return Grant{
		Expires: expires,
		keys: &signingKeys{
			Credentials: aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session},
			region:      s.Region, service: s.Service, signer: v4.NewSigner(),
		},
	}
}

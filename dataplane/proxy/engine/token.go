package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// sentToken is what is sent for a credential that is minted.
type sentToken struct {
	*dataplane.Token
	echoes  dataplane.Echoes
	secrets []dataplane.Secret
}

// noToken ends an attempt before anything is sent. Why there is none is in the health of the credential.
var noToken = dataplane.Verdict{Outcome: dataplane.TokenUnavailable, Reason: "the node has no valid token for the credential"}

// takeToken takes what was minted for a credential; nil where its secret is sent. It is false where
// there is nothing valid. Nothing is minted here, for a call would wait for it.
func takeToken(p *dataplane.Provider, c *dataplane.Credential) (t *sentToken, ok bool) {
	if c == nil || c.Minted == nil {
		return nil, true
	}
	token := c.Minted.Source.Token()
	if token == nil {
		return nil, false
	}
	return &sentToken{token, token.Echoes(c.Echoes), token.Secrets(p.Secrets)}, true
}

// echoesOf are the secrets that go out with a request.
func echoesOf(p *dataplane.Provider, c *dataplane.Credential, t *sentToken) dataplane.Echoes {
	switch {
	case t != nil:
		return t.echoes
	case c != nil:
		return c.Echoes
	}
	return p.Echoes
}

// secretsOf are what no text of the upstream's may show.
func secretsOf(p *dataplane.Provider, t *sentToken) []dataplane.Secret {
	if t != nil {
		return t.secrets
	}
	return p.Secrets
}

func (a *attempt) echoes() dataplane.Echoes    { return echoesOf(a.Provider, a.credential, a.token) }
func (a *attempt) secrets() []dataplane.Secret { return secretsOf(a.Provider, a.token) }

// authorize writes the token into a request that is complete otherwise. Some sign the body too, which
// is read for that once.
func (t *sentToken) authorize(ctx context.Context, r *http.Request, body io.Reader, now time.Time) error {
	hash := ""
	if t.Signs() {
		sum := sha256.New()
		if lies, ok := body.(*scan.Reader); ok { // in memory: nothing is copied
			for b := lies.Next(stallFrom); b != nil; b = lies.Next(stallFrom) {
				sum.Write(b)
			}
		} else if _, err := io.Copy(sum, body); err != nil {
			return unsigned{err}
		}
		hash = hex.EncodeToString(sum.Sum(nil))
	}
	if err := t.Authorize(ctx, r, hash, now); err != nil {
		return unsigned{err}
	}
	return nil
}

// unsigned is why a request could not be signed: nothing of it was sent.
type unsigned struct{ error }

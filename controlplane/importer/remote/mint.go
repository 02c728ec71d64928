package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

// mint gets what is sent for the target's credential, where that is not the secret itself.
func (c *Client) mint(ctx context.Context, t *Target) error {
	if t.Minted == nil || t.grant != nil {
		return nil
	}
	grant, err := c.cfg.Mint(ctx, *t.Minted, cloudauth.Way{Outbound: t.Outbound, Private: t.AllowPrivateNetwork})
	if f, ok := errors.AsType[*cloudauth.Fault](err); ok {
		kind := kindBusy
		if f.Refused {
			kind = kindStatus
		}
		return fault(kind, "failed to acquire a token for the credential: "+f.Error())
	}
	if err != nil {
		return err
	}
	t.grant = &grant
	return nil
}

// do sends a request whose body is the given one, with what was minted for the credential.
func (s *session) do(r *http.Request, body []byte) (*http.Response, error) {
	if s.target.grant != nil {
		hash := sha256.Sum256(body)
		if err := s.target.grant.Authorize(r.Context(), r, hex.EncodeToString(hash[:]), time.Now()); err != nil {
			return nil, fault(kindURL, "a request to it cannot be signed")
		}
	}
	return s.http.Do(r)
}

// token is the step of a test that gets a token.
func (t *trial) token(ctx context.Context) (string, error) {
	if t.unreachable() {
		return "", skip("the provider cannot be reached")
	}
	if err := t.client.mint(ctx, &t.target); err != nil {
		return "", err
	}
	text := "a token"
	if t.target.grant.Signs() {
		text = "keys that sign requests"
	}
	if at := t.target.grant.Expires; !at.IsZero() {
		text += ", valid until " + at.UTC().Format("15:04:05 UTC")
	}
	return text, nil
}

package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// AuthFailure is why the API key of a request is not accepted.
type AuthFailure string

// The failures.
const (
	KeyMissing     AuthFailure = "missing"
	KeyUnknown     AuthFailure = "unknown" // or revoked
	KeyExpired     AuthFailure = "expired"
	KeyUnsupported AuthFailure = "unsupported" // it has restrictions that this node does not know
	KeyAddress     AuthFailure = "address"     // it may not be used from there
)

// AuthFailures are all of them.
var AuthFailures = [...]AuthFailure{KeyMissing, KeyUnknown, KeyExpired, KeyUnsupported, KeyAddress}

// authenticate finds the API key of a request by a lookup in the snapshot.
func authenticate(s *dataplane.Snapshot, r *http.Request, now time.Time) (*dataplane.APIKey, AuthFailure, *wire.Error) {
	secret, twice := clientSecret(r)
	if twice {
		return nil, KeyUnknown, unauthorized("The API key was sent twice. Send it once.")
	}
	if secret == "" {
		return nil, KeyMissing, unauthorized("No API key was provided. Send it as 'Authorization: Bearer <key>'.")
	}
	key, ok := s.Key(secret)
	if !ok && s.Unsupported(secret) != nil {
		missing := s.Unsupported(secret)
		return nil, KeyUnsupported, unauthorized("The API key has restrictions that this node does not know (" + strings.Join(missing, ", ") + "). The node must be upgraded.")
	}
	if !ok {
		return nil, KeyUnknown, unauthorized("The API key is not valid.")
	}
	if !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt) {
		return nil, KeyExpired, unauthorized("The API key has expired.")
	}
	return key, "", nil
}

func unauthorized(message string) *wire.Error {
	return &wire.Error{Message: message, Type: wire.InvalidRequest, Code: "invalid_api_key"}
}

// clientSecret reads the key where SDKs put it: Authorization: Bearer, x-api-key, api-key or x-goog-api-key, and for
// Google's API key in the query, which goes nowhere from here. One that comes twice is refused: whoever is in front may
// have judged by the other one.
func clientSecret(r *http.Request) (secret string, twice bool) {
	if auth := r.Header["Authorization"]; len(auth) > 1 {
		return "", true
	} else if len(auth) == 1 {
		scheme, rest, found := strings.Cut(strings.TrimSpace(auth[0]), " ")
		if found && strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(rest), false
		}
	}
	for _, name := range [...]string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		if key := r.Header[name]; len(key) > 1 {
			return "", true
		} else if len(key) == 1 && key[0] != "" {
			return strings.TrimSpace(key[0]), false
		}
	}
	if r.URL.RawQuery == "" || !isGoogle(r.URL.Path) {
		return "", false
	}
	switch keys := r.URL.Query()["key"]; len(keys) {
	case 0:
		return "", false
	case 1:
		return strings.TrimSpace(keys[0]), false
	}
	return "", true
}

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
	sent := sentKey(r)
	secret := sent.secret
	if sent.fault != "" {
		return nil, KeyUnknown, unauthorized(sent.fault)
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

// clientKey is the API key that a client sent.
type clientKey struct {
	secret string // empty: none
	place  string // where it was found first
	fault  string // why none of what was sent counts
}

// sentKey reads the key where SDKs put it: Authorization: Bearer, x-api-key, api-key, x-goog-api-key, and for Google's
// API in the query, which goes nowhere from here. The same key may be in several of these places. A header that comes
// twice, and keys that differ, are refused: whoever is in front may have judged by the other one.
func sentKey(r *http.Request) (k clientKey) {
	if auth := r.Header["Authorization"]; len(auth) == 1 {
		if scheme, rest, found := strings.Cut(strings.TrimSpace(auth[0]), " "); found && strings.EqualFold(scheme, "Bearer") {
			k.see("Authorization", rest)
		}
	} else if len(auth) > 1 {
		k.twice("Authorization")
	}
	for _, header := range [...]struct{ name, place string }{{"X-Api-Key", "x-api-key"}, {"Api-Key", "api-key"}, {"X-Goog-Api-Key", "x-goog-api-key"}} {
		if keys := r.Header[header.name]; len(keys) == 1 {
			k.see(header.place, keys[0])
		} else if len(keys) > 1 {
			k.twice(header.place)
		}
	}
	if r.URL.RawQuery == "" || !isGoogle(r.URL.Path) {
		return k
	}
	if keys := r.URL.Query()["key"]; len(keys) == 1 {
		k.see("the query", keys[0])
	} else if len(keys) > 1 {
		k.twice("the query")
	}
	return k
}

func (k *clientKey) see(place, secret string) {
	switch secret = strings.TrimSpace(secret); {
	case secret == "" || secret == k.secret:
	case k.secret == "":
		k.secret, k.place = secret, place
	case k.fault == "":
		k.fault = "Two different API keys were sent, in " + k.place + " and in " + place + ". Send one of them."
	}
}

func (k *clientKey) twice(place string) {
	if k.fault == "" {
		k.fault = "An API key was sent twice in " + place + ". Send it once."
	}
}

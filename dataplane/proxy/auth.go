package proxy

import (
	"cmp"
	"net/http"
	"slices"
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
	secret, fault := sentKeys(r).one(func(secret string) bool {
		_, ok := s.Key(secret)
		return ok || s.Unsupported(secret) != nil
	})
	if fault != "" {
		return nil, KeyUnknown, unauthorized(fault)
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

// clientKeys are the API keys that a client sent, each once.
type clientKeys struct {
	all   [5]placedKey
	n     int
	fault string // why none of them counts
}

// placedKey is a key, and where it was found first.
type placedKey struct{ secret, place string }

// sentKeys reads keys where SDKs put them: Authorization: Bearer, x-api-key, api-key, x-goog-api-key, and for Google's
// API in the query, which goes nowhere from here. A header that comes twice is refused: whoever is in front may have
// judged by the other one.
func sentKeys(r *http.Request) (k clientKeys) {
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

func (k *clientKeys) see(place, secret string) {
	secret = strings.TrimSpace(secret)
	if secret == "" || slices.ContainsFunc(k.all[:k.n], func(other placedKey) bool { return other.secret == secret }) {
		return
	}
	k.all[k.n] = placedKey{secret, place}
	k.n++
}

func (k *clientKeys) twice(place string) {
	if k.fault == "" {
		k.fault = "An API key was sent twice in " + place + ". Send it once."
	}
}

// one is the key that counts; empty: none was sent. Of several it is the one that is known here: SDKs also send
// keys for others that they find in the environment, as Anthropic's do with both ANTHROPIC_API_KEY and
// ANTHROPIC_AUTH_TOKEN. Two that are known are refused: whoever is in front may have judged by the other one.
func (k clientKeys) one(known func(secret string) bool) (secret, fault string) {
	if k.n <= 1 || k.fault != "" {
		return k.all[0].secret, k.fault
	}
	ours := placedKey{}
	for _, key := range k.all[:k.n] {
		switch {
		case !known(key.secret):
		case ours.secret != "":
			return "", "Two different API keys were sent, in " + ours.place + " and in " + key.place + ". Send one of them."
		default:
			ours = key
		}
	}
	return cmp.Or(ours, k.all[0]).secret, ""
}

package routing

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Session is a conversation as sticky groups know it: a hash of what it is called, within one
// API key. Zero is none.
type Session uint64

// Place is a hash of what sessions are spread over: a target, or a credential.
type Place uint64

// NamedSession is the session that the calls of an API key give a name.
func NamedSession(apiKey, name string) Session {
	h := newSessionHash('n', apiKey)
	h.text(name)
	return h.Sum()
}

// SessionHash makes a session of how a conversation began.
type SessionHash struct{ digest xxhash.Digest }

// NewSessionHash begins one of an API key.
func NewSessionHash(apiKey string) SessionHash { return newSessionHash('o', apiKey) }

func newSessionHash(kind byte, apiKey string) (h SessionHash) {
	h.digest.Reset()
	h.length(int(kind))
	h.text(apiKey)
	return h
}

// Write adds a part; where one ends and the next begins matters.
func (h *SessionHash) Write(part []byte) {
	h.length(len(part))
	_, _ = h.digest.Write(part) // never fails
}

func (h *SessionHash) text(part string) {
	h.length(len(part))
	_, _ = h.digest.WriteString(part)
}

func (h *SessionHash) length(n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	_, _ = h.digest.Write(b[:])
}

// Sum is the session.
func (h *SessionHash) Sum() Session { return Session(max(h.digest.Sum64(), 1)) }

// TargetPlace is a model of a provider.
func TargetPlace(provider, model string) Place { return placeOf('t', provider, model) }

// CredentialPlace is a credential of a provider.
func CredentialPlace(provider, name string) Place { return placeOf('c', provider, name) }

func placeOf(kind byte, provider, name string) Place {
	h := newSessionHash(kind, provider)
	h.text(name)
	return Place(h.digest.Sum64())
}

// Score says how much a session belongs to a place: it goes to the highest. Each place's score
// depends on nothing but the two (rendezvous hashing), so that one that comes or goes moves no
// session between the others, and all nodes agree. Over many sessions each place comes first as
// often as its share of the weights. Scores are above 0.
//
// Processors that round logarithms differently could only disagree about two places whose scores
// are the same to the last bits.
func (s Session) Score(p Place, weight int) float64 {
	const bits = 52 // of the hash, so that a half more than any fits into a float64
	u := (float64(mix(uint64(s)^uint64(p))>>(64-bits)) + 0.5) / (1 << bits)
	return float64(weight) / -math.Log(u)
}

// mix spreads the bits of x all over, as MurmurHash3 does.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

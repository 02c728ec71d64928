package nodeid

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

// TokenPrefix begins every join token that a control plane made, so that secret scanners
// know one.
const TokenPrefix = "tl-join-"

// Preset is the id of a token that people chose themselves.
const Preset = "preset"

// A made token is tl-join-<id>-<secret>, both in base32: 8 characters that are not secret,
// and 52 that hold at least 256 random bits.
const (
	idLength     = 8
	secretLength = 52
)

// NewToken makes a join token. The id is part of it.
func NewToken() (id, token string) {
	id = strings.ToLower(rand.Text()[:idLength])
	return id, TokenPrefix + id + "-" + strings.ToLower(rand.Text()+rand.Text())
}

// TokenID is how a token is spoken of: the id within one that was made, and Preset for
// any other. It tells nothing about the secret.
func TokenID(token string) string {
	rest, ok := strings.CutPrefix(token, TokenPrefix)
	if !ok {
		return Preset
	}
	id, secret, ok := strings.Cut(rest, "-")
	if !ok || !IsTokenID(id) || len(secret) != secretLength {
		return Preset
	}
	return id
}

// IsTokenID reports whether a token that was made may have the id.
func IsTokenID(id string) bool {
	return len(id) == idLength && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// TokenKey is what proofs are made with. Whoever has it can join as whoever has the token.
func TokenKey(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

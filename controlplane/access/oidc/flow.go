package oidc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"golang.org/x/oauth2"
)

// flow is a sign-in that was begun.
type flow struct {
	State    string
	Nonce    string
	Verifier string // of PKCE
	Next     string
	Again    bool
	Expires  time.Time
}

func newFlow(next string, again bool, expires time.Time) flow {
	return flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Again: again, Expires: expires}
}

// flowSealer keeps a flow in the browser that began it: every replica can finish it, and nothing is stored.
type flowSealer struct{ aead cipher.AEAD }

func newFlowSealer(key []byte) (flowSealer, error) {
	own := sha256.Sum256(append([]byte("trunkline oidc flow\x00"), key...))
	block, err := aes.NewCipher(own[:])
	if err != nil {
		return flowSealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return flowSealer{aead}, err
}

func (s flowSealer) seal(f flow) string {
	plain, err := json.Marshal(f)
	if err != nil {
		panic(err) // it has nothing that cannot be encoded
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, nil))
}

func (s flowSealer) open(kept string) (f flow, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return f, false
	}
	plain, err := s.aead.Open(nil, nil, raw, nil)
	if err != nil {
		return f, false
	}
	return f, json.Unmarshal(plain, &f) == nil
}

package adminapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// Cost of one hash, and how many may run at once: 4 x 64 MiB is all that sign-ins ever take.
const (
	argonPasses   = 2
	argonMemory   = 64 << 10 // KiB
	argonThreads  = 1
	maxConcurrent = 4
)

// password is the admin's account: it can check a password, but no longer tell it.
type password struct {
	user     [sha256.Size]byte
	salt     []byte
	verifier []byte
	session  []byte
	slots    *semaphore.Weighted
}

// newPassword hashes the password. The salt comes from the user name, so that every
// replica derives the same session key; nothing of it is ever stored.
func newPassword(username, plain string) *password {
	salt := sha256.Sum256([]byte("trunkline admin account v1\x00" + username))
	p := &password{
		user:  sha256.Sum256([]byte(username)),
		salt:  salt[:],
		slots: semaphore.NewWeighted(maxConcurrent),
	}
	p.verifier, p.session = p.derive(plain)
	return p
}

// sessionKey is the key under which session cookies are hashed. It changes with the
// account, so a new password ends every session.
func (p *password) sessionKey() []byte { return p.session }

// check reports whether username and password are the admin's. It takes the same time
// whichever of them is wrong. It waits for a free slot until ctx ends.
func (p *password) check(ctx context.Context, username, plain string) (bool, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer p.slots.Release(1)
	user := sha256.Sum256([]byte(username))
	verifier, _ := p.derive(plain)
	same := subtle.ConstantTimeCompare(user[:], p.user[:]) & subtle.ConstantTimeCompare(verifier, p.verifier)
	return same == 1, nil
}

func (p *password) derive(plain string) (verifier, session []byte) {
	out := argon2.IDKey([]byte(plain), p.salt, argonPasses, argonMemory, argonThreads, 64)
	return out[:32], out[32:]
}

package adminapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/trunkline-ai/trunkline/controlplane/access"
)

// Cost of one hash, and how many may run at once: 4 x 64 MiB is all that sign-ins ever take. One of
// them is never a stranger's, so that strangers cannot keep those out who have signed in before.
const (
	argonPasses   = 2
	argonMemory   = 64 << 10 // KiB
	argonThreads  = 1
	maxConcurrent = 4
	maxStrangers  = maxConcurrent - 1
)

// password is the configured one of the console's account: it can check a password, but no
// longer tell it.
type password struct {
	user     [sha256.Size]byte
	salt     []byte
	verifier []byte
	session  []byte
	slots    *semaphore.Weighted
	strange  *semaphore.Weighted // those of slots that strangers may hold
}

// newPassword hashes the configured password. The salt comes from the user name, so that every
// replica derives the same session key; nothing of it is ever stored.
func newPassword(username, plain string) *password {
	salt := sha256.Sum256([]byte("trunkline admin account v1\x00" + username))
	p := &password{
		user:  sha256.Sum256([]byte(username)),
		salt:  salt[:],
		slots: semaphore.NewWeighted(maxConcurrent), strange: semaphore.NewWeighted(maxStrangers),
	}
	p.verifier, p.session = derive(plain, p.salt)
	return p
}

// sessionKey is the key under which session cookies are hashed. It changes with the user name
// and the configured password, so another one ends every session.
func (p *password) sessionKey() []byte { return p.session }

// check reports whether username and password are the admin's: the password that was set, if
// one is given. It takes the same time whichever of them is wrong. It waits for a free slot
// until ctx ends; known says that the caller is no stranger.
func (p *password) check(ctx context.Context, username, plain string, set *access.Account, known bool) (bool, error) {
	salt, want := p.salt, p.verifier
	if set != nil {
		salt, want = set.Salt, set.Verifier
	}
	if !known {
		if err := p.strange.Acquire(ctx, 1); err != nil {
			return false, err
		}
		defer p.strange.Release(1)
	}
	verifier, err := p.hash(ctx, plain, salt)
	if err != nil {
		return false, err
	}
	user := sha256.Sum256([]byte(username))
	same := subtle.ConstantTimeCompare(user[:], p.user[:]) & subtle.ConstantTimeCompare(verifier, want)
	return same == 1, nil
}

// set makes of a password what is stored of it, with a salt of its own.
func (p *password) set(ctx context.Context, plain string) (salt, verifier []byte, err error) {
	salt = make([]byte, sha256.Size)
	rand.Read(salt)
	verifier, err = p.hash(ctx, plain, salt)
	return salt, verifier, err
}

// hash derives when there is a free slot.
func (p *password) hash(ctx context.Context, plain string, salt []byte) ([]byte, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer p.slots.Release(1)
	verifier, _ := derive(plain, salt)
	return verifier, nil
}

func derive(plain string, salt []byte) (verifier, session []byte) {
	out := argon2.IDKey([]byte(plain), salt, argonPasses, argonMemory, argonThreads, 64)
	return out[:32], out[32:]
}

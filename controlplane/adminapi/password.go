package adminapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
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

// verifier is a password as it can be checked but not told. The one without a value is nobody's.
type verifier struct{ salt, value []byte }

// passwords checks passwords, a few at a time.
type passwords struct {
	salt    []byte
	memory  uint32              // of one hash, in KiB
	account func() account      // made once, when it is needed first: it takes a tenth of a second and 64 MiB
	slots   *semaphore.Weighted // for all hashes but that one
	strange *semaphore.Weighted // those of slots that strangers may hold
}

// account is what follows from the configured user name and password.
type account struct {
	verifier verifier
	session  []byte
}

// newPasswords knows the configured password. The salt comes from the user name, so that every
// replica derives the same session key; nothing of it is ever stored.
func newPasswords(username, plain string, memory uint32) *passwords {
	salt := sha256.Sum256([]byte("trunkline admin account v1\x00" + username))
	return &passwords{
		salt: salt[:], memory: memory, slots: semaphore.NewWeighted(maxConcurrent), strange: semaphore.NewWeighted(maxStrangers),
		account: sync.OnceValue(func() account {
			value, session := derive(plain, salt[:], memory)
			return account{verifier{salt[:], value}, session}
		}),
	}
}

// configured is the password of ADMIN_PASSWORD. Every sign-in has asked for the session key before, whoever
// tries it: the time of the first one does not tell whether the name is right.
func (p *passwords) configured() verifier { return p.account().verifier }

// sessionKey is the key under which session cookies are hashed. It changes with the configured user name
// and password, so another one ends every session.
func (p *passwords) sessionKey() []byte { return p.account().session }

// nobodys is what the password of a user who does not exist is compared with.
func (p *passwords) nobodys() verifier { return verifier{salt: p.salt} }

// check compares a password. It takes the same time whatever is wrong. It waits for a free slot
// until ctx ends; known says that the caller is no stranger.
func (p *passwords) check(ctx context.Context, plain string, want verifier, known bool) (bool, error) {
	if !known {
		if err := p.strange.Acquire(ctx, 1); err != nil {
			return false, err
		}
		defer p.strange.Release(1)
	}
	value, err := p.hash(ctx, plain, want.salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(value, want.value) == 1, nil
}

// set makes of a password what is stored of it, with a salt of its own.
func (p *passwords) set(ctx context.Context, plain string) (verifier, error) {
	salt := make([]byte, sha256.Size)
	rand.Read(salt)
	value, err := p.hash(ctx, plain, salt)
	return verifier{salt, value}, err
}

// hash derives when there is a free slot.
func (p *passwords) hash(ctx context.Context, plain string, salt []byte) ([]byte, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer p.slots.Release(1)
	value, _ := derive(plain, salt, p.memory)
	return value, nil
}

func derive(plain string, salt []byte, memory uint32) (value, session []byte) {
	out := argon2.IDKey([]byte(plain), salt, argonPasses, memory, argonThreads, 64)
	return out[:32], out[32:]
}

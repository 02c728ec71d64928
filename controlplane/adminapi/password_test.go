package adminapi

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func TestPasswordCheck(t *testing.T) {
	t.Parallel()
	p := newPasswords("admin", "correct horse", argonMemory)
	for plain, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false} {
		if got, err := p.check(t.Context(), plain, p.configured(), true); err != nil || got != want {
			t.Errorf("check(%q) = %t, %v; want %t", plain, got, err, want)
		}
		if got, err := p.check(t.Context(), plain, p.nobodys(), true); err != nil || got {
			t.Errorf("check(%q) of nobody = %t, %v", plain, got, err)
		}
	}
}

// A password that was set has a salt of its own.
func TestPasswordCheckOfOneThatWasSet(t *testing.T) {
	t.Parallel()
	p := newPasswords("admin", "password", argonMemory)
	set, err := p.set(t.Context(), "correct horse")
	again, againErr := p.set(t.Context(), "correct horse")
	if err != nil || againErr != nil || bytes.Equal(set.salt, again.salt) || bytes.Equal(set.value, again.value) {
		t.Errorf("the same password is stored the same way twice: %v, %v", err, againErr)
	}
	for plain, want := range map[string]bool{"correct horse": true, "password": false, "": false} {
		if got, err := p.check(t.Context(), plain, set, false); err != nil || got != want {
			t.Errorf("check(%q) = %t, %v", plain, got, err)
		}
	}
}

func TestSessionKeyFollowsTheAccount(t *testing.T) {
	t.Parallel()
	p := newPasswords("admin", "one", argonMemory)
	if again := newPasswords("admin", "one", argonMemory); !bytes.Equal(p.sessionKey(), again.sessionKey()) {
		t.Error("two replicas with the same account have different keys")
	}
	for name, other := range map[string]*passwords{"password": newPasswords("admin", "two", argonMemory), "user name": newPasswords("root", "one", argonMemory)} {
		if bytes.Equal(p.sessionKey(), other.sessionKey()) {
			t.Errorf("another %s has the same session key", name)
		}
	}
	if bytes.Equal(p.sessionKey(), p.configured().value) {
		t.Error("the session key is what passwords are compared with")
	}
}

// No more hashes run at once than the memory set aside for them.
func TestPasswordCheckWaitsForASlot(t *testing.T) {
	t.Parallel()
	p := newPasswords("admin", "one", argonMemory)
	if err := p.slots.Acquire(t.Context(), maxConcurrent); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.check(ctx, "one", p.configured(), true)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("check beside %d others: %v", maxConcurrent, err)
	}
	p.slots.Release(1)
	if right, err := p.check(t.Context(), "one", p.configured(), true); !right || err != nil {
		t.Errorf("check with a free slot: %t, %v", right, err)
	}
}

// Strangers that fill every slot they may have leave one to those who have signed in before.
func TestPasswordSlotsAreNotAllForStrangers(t *testing.T) {
	t.Parallel()
	p := newPasswords("admin", "one", argonMemory)
	if err := p.strange.Acquire(t.Context(), maxStrangers); err != nil {
		t.Fatal(err)
	}
	if err := p.slots.Acquire(t.Context(), maxStrangers); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.check(ctx, "one", p.configured(), false); !errors.Is(err, context.Canceled) {
		t.Errorf("a stranger beside %d others: %v", maxStrangers, err)
	}
	if right, err := p.check(t.Context(), "one", p.configured(), true); !right || err != nil {
		t.Errorf("a known device beside %d strangers: %t, %v", maxStrangers, right, err)
	}
}

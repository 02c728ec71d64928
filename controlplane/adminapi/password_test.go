package adminapi

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/access"
)

func TestPasswordCheck(t *testing.T) {
	t.Parallel()
	p := newPassword("admin", "correct horse")
	for _, tt := range []struct {
		user, plain string
		want        bool
	}{
		{"admin", "correct horse", true},
		{"admin", "correct horse ", false},
		{"admin", "", false},
		{"Admin", "correct horse", false},
		{"", "correct horse", false},
	} {
		got, err := p.check(t.Context(), tt.user, tt.plain, nil, true)
		if err != nil || got != tt.want {
			t.Errorf("check(%q, %q) = %t, %v; want %t", tt.user, tt.plain, got, err, tt.want)
		}
	}
}

// A password that was set takes the place of the configured one, and has a salt of its own.
func TestPasswordCheckOfOneThatWasSet(t *testing.T) {
	t.Parallel()
	p := newPassword("admin", "password")
	stored := func() *access.Account {
		salt, verifier, err := p.set(t.Context(), "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		return &access.Account{Salt: salt, Verifier: verifier, Version: 1}
	}
	set, again := stored(), stored()
	if bytes.Equal(set.Salt, again.Salt) || bytes.Equal(set.Verifier, again.Verifier) {
		t.Error("the same password is stored the same way twice")
	}
	for plain, want := range map[string]bool{"correct horse": true, "password": false, "": false} {
		for _, user := range []string{"admin", "root"} {
			if got, err := p.check(t.Context(), user, plain, set, false); err != nil || got != (want && user == "admin") {
				t.Errorf("check(%q, %q) = %t, %v", user, plain, got, err)
			}
		}
	}
}

func TestSessionKeyFollowsTheAccount(t *testing.T) {
	t.Parallel()
	p := newPassword("admin", "one")
	if again := newPassword("admin", "one"); !bytes.Equal(p.sessionKey(), again.sessionKey()) {
		t.Error("two replicas with the same account have different keys")
	}
	for name, other := range map[string]*password{"password": newPassword("admin", "two"), "user name": newPassword("root", "one")} {
		if bytes.Equal(p.sessionKey(), other.sessionKey()) {
			t.Errorf("another %s has the same session key", name)
		}
	}
	if bytes.Equal(p.sessionKey(), p.verifier) {
		t.Error("the session key is what passwords are compared with")
	}
}

// No more hashes run at once than the memory set aside for them.
func TestPasswordCheckWaitsForASlot(t *testing.T) {
	t.Parallel()
	p := newPassword("admin", "one")
	if err := p.slots.Acquire(t.Context(), maxConcurrent); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.check(ctx, "admin", "one", nil, true)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("check beside %d others: %v", maxConcurrent, err)
	}
	p.slots.Release(1)
	if right, err := p.check(t.Context(), "admin", "one", nil, true); !right || err != nil {
		t.Errorf("check with a free slot: %t, %v", right, err)
	}
}

// Strangers that fill every slot they may have leave one to those who have signed in before.
func TestPasswordSlotsAreNotAllForStrangers(t *testing.T) {
	t.Parallel()
	p := newPassword("admin", "one")
	if err := p.strange.Acquire(t.Context(), maxStrangers); err != nil {
		t.Fatal(err)
	}
	if err := p.slots.Acquire(t.Context(), maxStrangers); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.check(ctx, "admin", "one", nil, false); !errors.Is(err, context.Canceled) {
		t.Errorf("a stranger beside %d others: %v", maxStrangers, err)
	}
	if right, err := p.check(t.Context(), "admin", "one", nil, true); !right || err != nil {
		t.Errorf("a known device beside %d strangers: %t, %v", maxStrangers, right, err)
	}
}

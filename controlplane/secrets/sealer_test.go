package secrets_test

import (
	"bytes"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
)

func TestSealedSecretsOpenOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	s := newSealer(t, 1)
	plain := []byte("sk-upstream-canary")
	here := controlplane.CredentialBinding("openai", "main")
	sealed, err := s.Seal(plain, here)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the ciphertext holds the plaintext")
	}
	if got, err := s.Open(sealed, here); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v; want %q", got, err, plain)
	}
	elsewhere := map[string][]byte{
		"another provider":   controlplane.CredentialBinding("evil", "main"),
		"another credential": controlplane.CredentialBinding("openai", "second"),
		"a shifted border":   controlplane.CredentialBinding("openai\x00main", ""),
		"nothing":            nil,
	}
	for name, binding := range elsewhere {
		if got, err := s.Open(sealed, binding); err == nil {
			t.Errorf("%s opens it: %q", name, got)
		}
	}
	if got, err := newSealer(t, 2).Open(sealed, here); err == nil {
		t.Errorf("another key opens it: %q", got)
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	t.Parallel()
	s := newSealer(t, 1)
	sealed, err := s.Seal([]byte("x"), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		broken := bytes.Clone(sealed)
		broken[i/8] ^= 1 << (i % 8)
		if _, err := s.Open(broken, []byte("a")); err == nil {
			t.Fatalf("bit %d flipped and it still opens", i)
		}
	}
	for n := range len(sealed) {
		if _, err := s.Open(sealed[:n], []byte("a")); err == nil {
			t.Fatalf("cut to %d bytes and it still opens", n)
		}
	}
}

func TestSealingTwiceGivesDifferentCiphertexts(t *testing.T) {
	t.Parallel()
	s := newSealer(t, 1)
	a, errA := s.Seal([]byte("same"), nil)
	b, errB := s.Seal([]byte("same"), nil)
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		t.Errorf("two seals of one secret: %x and %x (%v, %v); want different ones", a, b, errA, errB)
	}
}

// A stored secret must open in every later version: this one was sealed by the first.
func TestTheFormatIsPinned(t *testing.T) {
	t.Parallel()
	sealed := mustHex(t, "0108393265653135316200488617f823a5c9e29c701c7e752fcc2536e1e5d8cf9e1b1f8f12349e2065b6ed77f056653364d6f9dcc7618a9a9b2c05bd11358a6b0d6b3b365f7f0ba2df690caff996096aa965d491da079615a0bfad0608605fc8dda5bd25e5ee61284a3ea6e084cd808ed6c5b67039f1898655c0d6cbdfe2e16334")
	got, err := newSealer(t, 1).Open(sealed, []byte("pinned"))
	if err != nil || string(got) != "hello" {
		t.Errorf("Open = %q, %v; want hello", got, err)
	}
}

func TestNewRefusesKeysOfAnotherLength(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := secrets.New(make([]byte, n)); err == nil {
			t.Errorf("New accepts a key of %d bytes", n)
		}
	}
}

// newSealer makes a sealer whose keys are one byte each, repeated; the first is in use.
func newSealer(t *testing.T, b ...byte) *secrets.Ring {
	t.Helper()
	keys := make([][]byte, len(b))
	for i := range b {
		keys[i] = bytes.Repeat(b[i:i+1], secrets.KeySize)
	}
	s, err := secrets.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

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
	sealed := mustHex(t, "0192ee151b33209b0acacf6a5b0ae699f32895d0762a3546c455f253994ff7874e21bb10b00f0a0adc7ee0a54fa63b065e7a")
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

// newSealer makes a sealer whose key is one byte, repeated.
func newSealer(t *testing.T, b byte) controlplane.Sealer {
	t.Helper()
	s, err := secrets.New(bytes.Repeat([]byte{b}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

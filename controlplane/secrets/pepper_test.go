package secrets_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// secretStore keeps secrets in memory; fail makes it fail instead.
type secretStore struct {
	mu   sync.Mutex
	rows map[string]controlplane.Secret
	fail error
}

func (s *secretStore) EnsureSecret(_ context.Context, secret controlplane.Secret) (controlplane.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return controlplane.Secret{}, s.fail
	}
	if s.rows == nil {
		s.rows = map[string]controlplane.Secret{}
	}
	if stored, ok := s.rows[secret.Ref]; ok {
		return stored, nil
	}
	s.rows[secret.Ref] = secret
	return secret, nil
}

func TestThePepperStaysTheSame(t *testing.T) {
	t.Parallel()
	store := &secretStore{}
	first, err := secrets.EnsurePepper(t.Context(), store, newSealer(t, 1))
	if err != nil || len(first) != 32 || bytes.Equal(first, make([]byte, 32)) {
		t.Fatalf("first start: %x, %v", first, err)
	}
	second, err := secrets.EnsurePepper(t.Context(), store, newSealer(t, 1))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("second start: %x, %v; want %x", second, err, first)
	}
	if sealed := store.rows["system/api-key-pepper"].Ciphertext; bytes.Contains(sealed, first) {
		t.Error("the pepper is stored in clear")
	}
	other, err := secrets.EnsurePepper(t.Context(), &secretStore{}, newSealer(t, 1))
	if err != nil || bytes.Equal(other, first) {
		t.Errorf("another database: %x, %v; want another pepper", other, err)
	}
}

func TestAWrongKeyIsNamed(t *testing.T) {
	t.Parallel()
	store := &secretStore{}
	if _, err := secrets.EnsurePepper(t.Context(), store, newSealer(t, 1)); err != nil {
		t.Fatal(err)
	}
	_, err := secrets.EnsurePepper(t.Context(), store, newSealer(t, 2))
	if errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "TRUNKLINE_SECRET_KEY does not open system/api-key-pepper") {
		t.Errorf("error %v, want one that names TRUNKLINE_SECRET_KEY", err)
	}
}

func TestAStoreThatFailsIsReported(t *testing.T) {
	t.Parallel()
	down := errs.Newf(errs.Unavailable, "database is down")
	_, err := secrets.EnsurePepper(t.Context(), &secretStore{fail: down}, newSealer(t, 1))
	if !errors.Is(err, down) {
		t.Errorf("error %v, want %v", err, down)
	}
}

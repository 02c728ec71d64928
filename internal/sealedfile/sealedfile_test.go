package sealedfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/sealedfile"
)

func sealer(t *testing.T, secret, owner string) *sealedfile.Sealer {
	t.Helper()
	s, err := sealedfile.New([]byte(secret), owner)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyTheSameOwnerSecretAndPurposeReadAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	s := sealer(t, "secret", "node-1")
	if _, err := s.Read(path, 100, "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	plain := []byte("credential")
	if err := s.Write(path, plain, "a"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read(path, 100, "a"); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("read %q, %v", got, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || bytes.Contains(raw, plain) {
		t.Errorf("the file is not sealed (%v)", err)
	}
	if _, err := s.Read(path, int64(len(raw)-1), "a"); err == nil {
		t.Error("a file that is too large was read")
	}
	for name, other := range map[string]struct {
		*sealedfile.Sealer
		belongs string
	}{
		"purpose":                    {s, "b"},
		"secret":                     {sealer(t, "other", "node-1"), "a"},
		"owner":                      {sealer(t, "secret", "node-2"), "a"},
		"owner and purpose shifted":  {sealer(t, "secret", "|node-1"), ""},
		"purpose with the separator": {sealer(t, "secret", "1"), "a|node-"},
	} {
		if _, err := other.Read(path, 100, other.belongs); err == nil {
			t.Errorf("another %s opens the file", name)
		}
	}
	for i := range raw {
		damaged := bytes.Clone(raw)
		damaged[i] ^= 1
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(path, 100, "a"); err == nil {
			t.Fatalf("a file with byte %d changed was read", i)
		}
	}
	for n := range raw {
		if err := os.WriteFile(path, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(path, 100, "a"); err == nil {
			t.Fatalf("a file cut off after %d bytes was read", n)
		}
	}
}

func TestASecretAndAnOwnerAreRequired(t *testing.T) {
	t.Parallel()
	if _, err := sealedfile.New(nil, "node-1"); err == nil {
		t.Error("no secret was taken")
	}
	if _, err := sealedfile.New([]byte("x"), ""); err == nil {
		t.Error("no owner was taken")
	}
}

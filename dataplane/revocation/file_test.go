package revocation

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
)

func TestTheFileIsSealedAndReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "revocations")
	sealer, err := sealedfile.New([]byte("secret"), "node-1")
	if err != nil {
		t.Fatal(err)
	}
	f := NewFile(path, sealer)
	if m, err := f.read(); err != nil || len(m.GetRevocations()) != 0 || m.GetRevision() != 0 {
		t.Errorf("a file that is not there holds %v, %v", m, err)
	}
	list := []Revocation{
		{Hash: dataplane.KeyHash([]byte("0123456789abcdef0123456789abcdef")), Name: "canary", Lineage: "l", Revision: 7, Reason: Permanent, Cut: true},
		{Hash: keyHash(2), Name: "other", Lineage: "before", Revision: 3, Reason: Disabled},
	}
	want := toFile(list, version{"l", 9})
	for range 2 { // replaced, not added to
		if err := f.write(want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.read()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("read (%v): %s", err, diff)
	}
	if diff := cmp.Diff(list, fromFile(got)); diff != "" {
		t.Error(diff)
	}
	raw, err := os.ReadFile(path)
	if err != nil || bytes.Contains(raw, []byte("canary")) || bytes.Contains(raw, list[0].Hash[:]) {
		t.Errorf("the file is not sealed (%v)", err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := f.read(); err == nil {
		t.Errorf("a damaged file is read as %v", m)
	}
}

package uplink_test

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	disabled  = nodev1.RevokeReason_REVOKE_REASON_DISABLED
	deleted   = nodev1.RevokeReason_REVOKE_REASON_DELETED
	permanent = nodev1.RevokeReason_REVOKE_REASON_REVOKED
)

func hash(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

// revoke is a message that says that keys, named by numbers, are revoked at its revision.
func revoke(revision uint64, reason nodev1.RevokeReason, keys ...byte) *nodev1.Revoke {
	m := &nodev1.Revoke{Revision: revision, Lineage: "a"}
	for _, n := range keys {
		m.Keys = append(m.Keys, &nodev1.RevokedKey{Hash: hash(n), Name: "key-" + string(rune('0'+n)), Revision: revision, Reason: reason})
	}
	return m
}

// fullOf is a snapshot of a database, which holds keys.
func fullOf(t *testing.T, nonce uint64, lineage string, revision uint64, keys ...byte) *nodev1.Full {
	t.Helper()
	s := &nodev1.Snapshot{Revision: revision}
	for _, n := range keys {
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "key-" + string(rune('0'+n)), Hash: hash(n)})
	}
	raw, err := proto.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return &nodev1.Full{Nonce: nonce, Lineage: lineage, Revision: revision, Sha256: sum[:], SnapshotZstd: pack(t, raw)}
}

// watch notes what an uplink applies and what it refuses beside it, as a node does.
type watch struct {
	mu      sync.Mutex
	held    map[dataplane.KeyHash]string
	refused dataplane.RevokedKeys
	store   *revocation.Store
	leaked  []dataplane.KeyHash // keys that must not work and did for a moment
	never   map[dataplane.KeyHash]bool
}

func (w *watch) use(t *testing.T, cfg *uplink.Config, dir string) {
	t.Helper()
	cfg.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error {
		held := map[dataplane.KeyHash]string{}
		for _, k := range s.GetApiKeys() {
			held[dataplane.KeyHash(k.GetHash())] = k.GetName()
		}
		w.change(func() { w.held = held })
		return nil
	}
	cfg.Sync.Held = func(h dataplane.KeyHash) (name string, ok bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		name, ok = w.held[h]
		return name, ok
	}
	rc := revocation.Config{Apply: func(keys dataplane.RevokedKeys) { w.change(func() { w.refused = keys }) }, Logger: cfg.Logger}
	if dir != "" {
		rc.File = revocation.NewFile(filepath.Join(dir, "revocations"), sealer(t))
	}
	var err error
	if w.store, err = revocation.New(rc); err != nil {
		t.Fatal(err)
	}
	w.store.Load()
	cfg.Sync.Revocations = w.store
}

func (w *watch) change(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
	for h := range w.never {
		if _, gone := w.refused[h]; w.held[h] != "" && !gone {
			w.leaked = append(w.leaked, h)
		}
	}
}

// works lists the keys that would be accepted.
func (w *watch) works() (keys []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for h := range w.held {
		if _, gone := w.refused[h]; !gone {
			keys = append(keys, h[0])
		}
	}
	slices.Sort(keys)
	return keys
}

func (w *watch) wants(t *testing.T, when string, keys ...byte) {
	t.Helper()
	if got := w.works(); !slices.Equal(got, keys) {
		t.Errorf("%s: keys %v work, want %v", when, got, keys)
	}
}

// linked is an uplink with a control plane that the test is.
func linked(t *testing.T, dir string, w *watch) (*plane, *uplink.Uplink, func()) {
	t.Helper()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	if dir != "" {
		cfg.Sync.Snapshots = snapshots(t, dir)
	}
	w.use(t, &cfg, dir)
	u, stop := start(t, cfg)
	return p, u, stop
}

func TestRevokedKeysAreRefusedUntilASnapshotDecides(t *testing.T) {
	t.Parallel()
	dir, w := t.TempDir(), &watch{}
	p, _, stop := linked(t, dir, w)
	p.push <- fullOf(t, 1, "a", 5, 1, 2, 3, 4)
	get(t, "ack", p.answers)
	w.wants(t, "at first", 1, 2, 3, 4)

	w.never = map[dataplane.KeyHash]bool{dataplane.KeyHash(hash(1)): true}
	p.revoke <- revoke(7, permanent, 1)
	if ack := get(t, "ack", p.answers).GetRevokeAck(); ack.GetRevision() != 7 || ack.GetKeptCount() != 0 {
		t.Errorf("answer %v", ack)
	}
	p.revoke <- revoke(8, disabled, 2)
	get(t, "ack", p.answers)
	w.wants(t, "revoked", 3, 4)

	// A snapshot that is older than the revocations, and one that enables a key again.
	p.push <- fullOf(t, 2, "a", 6, 1, 2, 3)
	get(t, "ack", p.answers)
	w.wants(t, "with a snapshot older than the revocations", 3)
	p.push <- fullOf(t, 3, "a", 9, 1, 2, 3)
	get(t, "ack", p.answers)
	w.wants(t, "with a newer one that holds both", 2, 3)

	// What comes late does not take back what the snapshot decided; what is permanent does.
	p.revoke <- revoke(8, deleted, 3)
	get(t, "ack", p.answers)
	w.wants(t, "a message that comes late", 2, 3)
	stop()

	w2 := &watch{never: w.never}
	cfg, _ := nowhere(t, dir)
	w2.use(t, &cfg, dir)
	u, _ := start(t, cfg)
	get(t, "ready", u.Ready())
	w2.wants(t, "after a restart", 2, 3)
	if len(w.leaked)+len(w2.leaked) > 0 {
		t.Error("the revoked key worked for a moment")
	}
}

// The last good snapshots may all be older than what was revoked.
func TestARestartBringsNoRevokedKeyBack(t *testing.T) {
	t.Parallel()
	dir, w := t.TempDir(), &watch{}
	p, _, stop := linked(t, dir, w)
	p.push <- fullOf(t, 1, "a", 4, 1, 2)
	get(t, "ack", p.answers)
	p.push <- fullOf(t, 2, "a", 5, 1, 2)
	get(t, "ack", p.answers)
	p.revoke <- revoke(6, deleted, 1)
	get(t, "ack", p.answers)
	stop()
	for _, damaged := range []int{0, 1} {
		files, err := filepath.Glob(filepath.Join(dir, "a-*.trunkline"))
		if err != nil || len(files) != 2-damaged {
			t.Fatalf("files %q, %v", files, err)
		}
		w := &watch{never: map[dataplane.KeyHash]bool{dataplane.KeyHash(hash(1)): true}}
		cfg, _ := nowhere(t, dir)
		w.use(t, &cfg, dir)
		u, stop := start(t, cfg)
		get(t, "ready", u.Ready())
		w.wants(t, "restarted", 2)
		if len(w.leaked) > 0 {
			t.Error("the deleted key worked for a moment")
		}
		stop()
		if err := os.Remove(files[len(files)-1]); err != nil {
			t.Fatal(err)
		}
	}
	// The control plane hears up to where the node knows, and says the rest.
	p, _, _ = linked(t, dir, &watch{})
	hello := get(t, "hello", p.hellos)
	if hello.GetRevokedRevision() != 0 || hello.GetHaveRevision() != 0 {
		t.Errorf("without a snapshot: hello %v", hello)
	}
}

// What cannot be kept is refused all the same, but not confirmed until it can be.
func TestWhatDoesNotOutliveTheNodeIsNotConfirmed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Log("as root no folder is read-only: a folder in the way of the file does it")
	}
	dir, w := t.TempDir(), &watch{}
	p, _, _ := linked(t, dir, w)
	p.push <- fullOf(t, 1, "a", 4, 1, 2)
	get(t, "ack", p.answers)
	inTheWay := filepath.Join(dir, "revocations.tmp")
	if err := os.MkdirAll(filepath.Join(inTheWay, "child"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.revoke <- revoke(6, deleted, 1)
	p.push <- fullOf(t, 2, "a", 5, 1, 2)
	if m := get(t, "answer", p.answers); m.GetAck() == nil {
		t.Errorf("the first answer is %v, want that to the snapshot", m)
	}
	w.wants(t, "not kept", 2)
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if get(t, "status", p.statuses).GetRevokedRevision() == 6 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("never kept")
		}
	}
}

func TestADatabaseThatWentBackIsRefusedUntilItIsAdopted(t *testing.T) {
	t.Parallel()
	w := &watch{}
	p, u, _ := linked(t, t.TempDir(), w)
	first := fullOf(t, 1, "a", 9, 2)
	first.History = []byte("the past")
	p.push <- first
	get(t, "ack", p.answers)
	p.revoke <- revoke(9, deleted, 1)
	get(t, "ack", p.answers)
	w.never = map[dataplane.KeyHash]bool{dataplane.KeyHash(hash(1)): true}

	// The number is newer, and the past another one: it was set back and changed since.
	changed := fullOf(t, 10, "a", 10, 1, 2)
	changed.BaseRevision, changed.BaseHistory, changed.History = 9, []byte("another past"), []byte("new")
	for _, tt := range []struct {
		full *nodev1.Full
		code nodev1.NackCode
	}{
		{fullOf(t, 2, "a", 8, 1, 2), nodev1.NackCode_NACK_CODE_VERSION_REGRESSION},
		{fullOf(t, 3, "b", 12, 1, 2), nodev1.NackCode_NACK_CODE_OTHER_DATABASE},
		{changed, nodev1.NackCode_NACK_CODE_OTHER_HISTORY},
	} {
		p.push <- tt.full
		nack := get(t, "nack", p.answers).GetNack()
		if nack.GetCode() != tt.code || u.Revision() != 9 {
			t.Errorf("%v, want %v; the node serves revision %d, want 9", nack, tt.code, u.Revision())
		}
		for _, part := range []string{"revision 9", "trunklinectl configs adopt-database"} {
			if !strings.Contains(nack.GetReason(), part) {
				t.Errorf("%v: the reason does not say %q: %s", tt.code, part, nack.GetReason())
			}
		}
	}

	adopted := fullOf(t, 4, "b", 3, 1, 2)
	adopted.Replaces = []string{"z", "a"}
	p.push <- adopted
	if get(t, "ack", p.answers).GetAck() == nil || u.Revision() != 3 {
		t.Errorf("an adopted database is refused; the node serves %d", u.Revision())
	}
	ack := get(t, "report", p.answers).GetRevokeAck()
	if ack.GetKeptCount() != 1 || !slices.Equal(ack.GetKept(), []string{"key-1"}) {
		t.Errorf("kept: %v", ack)
	}
	w.wants(t, "adopted", 2)
	// The database learns that the key is gone: nobody need mind it any more.
	p.push <- fullOf(t, 5, "b", 4, 2)
	get(t, "ack", p.answers)
	if ack := get(t, "report", p.answers).GetRevokeAck(); ack.GetKeptCount() != 0 {
		t.Errorf("kept: %v", ack)
	}
	if len(w.leaked) > 0 {
		t.Error("the deleted key worked for a moment")
	}
}

func TestNodesLearnFromEachOther(t *testing.T) {
	t.Parallel()
	dir, w := t.TempDir(), &watch{}
	p, _, stop := linked(t, dir, w)
	p.push <- fullOf(t, 1, "a", 5, 1, 2, 3, 4)
	get(t, "ack", p.answers)
	says := func(lineage string, revision uint64, reason revocation.Reason, key byte) {
		w.store.Learn([]revocation.Revocation{{Hash: dataplane.KeyHash(hash(key)), Lineage: lineage, Revision: revision, Reason: reason}})
	}
	says("a", 7, revocation.Deleted, 1)
	says("a", 5, revocation.Deleted, 2)  // decided by the snapshot
	says("b", 9, revocation.Disabled, 3) // of another database
	says("b", 1, revocation.Permanent, 4)
	w.wants(t, "told by others", 2, 3)
	known := map[byte]bool{}
	for _, r := range w.store.All() {
		known[r.Hash[0]] = true
	}
	if !maps.Equal(known, map[byte]bool{1: true, 4: true}) {
		t.Errorf("known are %v", known)
	}
	stop()
	w2 := &watch{}
	cfg, _ := nowhere(t, dir)
	w2.use(t, &cfg, dir)
	again, _ := start(t, cfg)
	get(t, "ready", again.Ready())
	w2.wants(t, "after a restart", 2, 3)
}

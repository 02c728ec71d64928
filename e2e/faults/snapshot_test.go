package faults

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// T-C4: a node is sent snapshots that are damaged, too large, or lack what serving needs.
// It refuses each with its reason and serves on with what it has, also after a crash.
func TestBadSnapshotsAreRefused(t *testing.T) {
	t.Parallel()
	n := newScriptedNode(t)
	n.plane.push(encode(t, wireSnapshot(1, n.provider)))
	n.serves(1, "")

	revision := uint64(1)
	type change func(s *nodev1.Snapshot)
	sent := func(name string, full *nodev1.Full, reason string) {
		t.Helper()
		full.Lineage = "scripted"
		n.plane.push(full)
		n.serves(1, reason)
		t.Logf("refused: %s", name)
	}
	for name, tt := range map[string]struct {
		change change
		reason string
	}{
		"a provider without a policy":      {func(s *nodev1.Snapshot) { s.Providers[0].Policy = nil }, "policy: threshold"},
		"a policy without durations":       {func(s *nodev1.Snapshot) { s.Providers[0].Policy.Cooldown = nil }, "a duration is missing"},
		"a ratio that is no number":        {func(s *nodev1.Snapshot) { s.Providers[0].Policy.MinRatio = math.NaN() }, "policy: threshold"},
		"an empty provider":                {func(s *nodev1.Snapshot) { s.Providers = append(s.Providers, &nodev1.Provider{}) }, "name is empty"},
		"a provider of an unknown dialect": {func(s *nodev1.Snapshot) { s.Providers[0].Dialect = "klingon" }, `dialect "klingon"`},
		"a model without an id":            {func(s *nodev1.Snapshot) { s.Providers[0].Models[0].Id = "" }, "not a usable id"},
		"an empty member":                  {func(s *nodev1.Snapshot) { s.Groups[0].Members[0] = &nodev1.Member{} }, "does not exist"},
		"a member without a policy":        {func(s *nodev1.Snapshot) { s.Groups[0].Members[0].Policy = nil }, "policy: threshold"},
		"an empty group":                   {func(s *nodev1.Snapshot) { s.Groups = append(s.Groups, &nodev1.Group{}) }, "is empty or already used"},
		"a key without a hash":             {func(s *nodev1.Snapshot) { s.ApiKeys[0].Hash = nil }, "hash has 0 bytes"},
		"a key of a group that is not":     {func(s *nodev1.Snapshot) { s.Groups = nil }, "does not exist"},
		"an empty keyword":                 {func(s *nodev1.Snapshot) { s.FailureKeywords = []*nodev1.FailureKeyword{{}} }, "failure keyword"},
	} {
		revision++
		s := wireSnapshot(revision, n.provider)
		tt.change(s)
		sent(name, encode(t, s), tt.reason)
	}
	good := encode(t, wireSnapshot(revision+1, n.provider))
	flipped := bytes.Clone(good.GetSha256())
	flipped[0] ^= 1
	sent("one of another hash", &nodev1.Full{Revision: revision + 1, Sha256: flipped, SnapshotZstd: good.GetSnapshotZstd()}, "damaged")
	sent("one cut short", &nodev1.Full{Revision: revision + 1, Sha256: good.GetSha256(), SnapshotZstd: good.GetSnapshotZstd()[:20]}, "decompress snapshot")
	noise := []byte("not a snapshot: \xff\xff\xff\xff")
	sum := sha256.Sum256(noise)
	sent("noise", &nodev1.Full{Revision: revision + 1, Sha256: sum[:], SnapshotZstd: compressed(t, noise)}, "decode snapshot")
	bomb := make([]byte, 256*mib)
	sent("a bomb of 256 MiB", &nodev1.Full{Revision: revision + 1, Sha256: flipped, SnapshotZstd: compressed(t, bomb)}, "larger than 33554432 bytes")

	n.Kill()
	n.Run()
	n.serves(1, "larger than")
	revision += 2
	n.plane.push(encode(t, wireSnapshot(revision, n.provider)))
	n.serves(revision, "")
}

// T-C4: a snapshot that ends the process is tried once. The node starts with what it served
// before, refuses that one, and takes the next.
func TestASnapshotThatEndsTheNodeIsQuarantined(t *testing.T) {
	t.Parallel()
	n := newScriptedNode(t)
	n.plane.push(encode(t, wireSnapshot(1, n.provider)))
	n.serves(1, "")
	// It takes so long to apply that it can be killed meanwhile, as running out of memory would.
	deadly := func(revision uint64) *nodev1.Full {
		s := wireSnapshot(revision, n.provider)
		for i := range 200_000 {
			hash := sha256.Sum256(fmt.Append(nil, i))
			s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: fmt.Sprintf("filler-%d", i), Hash: hash[:], Groups: []string{"g"}})
		}
		if size := proto.Size(s); size > 32*mib {
			t.Fatalf("it has %d bytes", size)
		}
		return encode(t, s)
	}
	revision := uint64(2)
	for ; !n.dieApplying(deadly(revision)); revision++ {
		if revision > 10 {
			t.Fatal("it was never caught applying")
		}
		n.plane.push(encode(t, wireSnapshot(revision+1, n.provider)))
		revision++
		n.serves(revision, "")
	}
	before := revision - 1 // what it served
	for range 2 {          // it stays so
		n.Run()
		n.serves(before, "CRASHED")
		n.Kill()
	}
	n.Run()
	n.plane.push(encode(t, wireSnapshot(revision+1, n.provider)))
	n.serves(revision+1, "")
}

// scriptedNode is a real node of a scripted control plane.
type scriptedNode struct {
	*program.Process
	t        *testing.T
	plane    *scriptedPlane
	provider string // its URL
}

func newScriptedNode(t *testing.T) *scriptedNode {
	t.Helper()
	n := &scriptedNode{t: t, plane: newScriptedPlane(t), provider: root(programs.Start(t, "fakeprovider", nil, "--listen", anyPort)) + "/v1"}
	n.Process = programs.Start(t, "trunkline-dataplane", []string{"TRUNKLINE_CONTROL_PLANE=" + n.plane.address, "TRUNKLINE_JOIN_TOKEN=" + joinToken},
		"--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1")
	return n
}

// serves waits until the node tells that it serves a revision and, if there is a reason,
// refuses the newest; a call shows that it serves.
func (n *scriptedNode) serves(revision uint64, reason string) {
	n.t.Helper()
	var last *adminv1.Node
	deadline := time.Now().Add(patience)
	for {
		if list := n.plane.nodes.Nodes(); len(list) == 1 {
			last = list[0]
			if uint64(last.GetAppliedRevision()) == revision && last.GetConnected() && strings.Contains(last.GetError(), reason) && (last.GetError() == "") == (reason == "") {
				break
			}
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("the node tells %v, want revision %d and the error %q", last, revision, reason)
		}
		time.Sleep(5 * time.Millisecond)
	}
	c := &client{http: &http.Client{}, urls: []string{n.Address("api")}, key: appKey}
	if a := c.ask(n.t.Context(), 0, "g", false); !a.good() {
		n.t.Fatalf("at revision %d: %v", revision, a)
	}
}

// dieApplying sends a snapshot and kills the node while it is applied. False means that it
// was too late.
func (n *scriptedNode) dieApplying(full *nodev1.Full) bool {
	n.t.Helper()
	n.plane.push(full)
	mark := fmt.Sprintf("applying-%d", full.GetRevision())
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if n.has(mark) {
			n.Kill()
			if n.has(mark) {
				return true
			}
			n.Run() // it died too late
			return false
		}
		if list := n.plane.nodes.Nodes(); len(list) == 1 && uint64(list[0].GetAppliedRevision()) == full.GetRevision() {
			return false
		}
	}
	n.t.Fatal("the node does not take the snapshot")
	return false
}

// has looks for a file in what the node keeps.
func (n *scriptedNode) has(name string) (found bool) {
	err := filepath.WalkDir(n.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name {
			found = true
			return fs.SkipAll
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil // it went away while we looked
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return found
}

func compressed(t *testing.T, raw []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(raw, nil)
}

package snapshot

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// MaxSize bounds a serialised snapshot, in bytes; nodes refuse a larger one.
	MaxSize = 32 << 20
	// maxPast and maxPastBytes are from how many earlier snapshots a node can be brought up to date by a
	// delta, and about how much memory all of them may take that the present one does not share.
	maxPast      = 256
	maxPastBytes = 16 << 20
	// smallChange is how many documents may change before a delta is weighed against the whole.
	smallChange = 64
)

// past is a snapshot that some nodes may still have.
type past struct {
	set     *docset.Set
	changed int // documents that the next one changed
	bytes   int // of memory that it does not share with the next one
}

// remember adds a snapshot to those of before when another one comes after it, and forgets those which too
// much has changed since.
func remember(before []past, set, next *docset.Set) []past {
	change := docset.Between(set, next)
	all := append(slices.Clip(before), past{set, change.Len(), change.HeldBefore(set)})
	changed, bytes := 0, 0
	for i := len(all) - 1; i >= 0; i-- {
		changed += all[i].changed
		bytes += all[i].bytes
		if len(all)-i > maxPast || bytes > maxPastBytes || changed > smallChange && 2*changed > set.Len() {
			return slices.Clone(all[i+1:]) // holds nothing of those before
		}
	}
	return all
}

// version is a snapshot that was published. It implements controlplane.Snapshot.
type version struct {
	*encoded
	traceparent string // of the change that led to it, for nodes that were there
}

var _ controlplane.Snapshot = version{}

// encoded is what a snapshot becomes on the way to nodes, made when it is needed first.
type encoded struct {
	lineage  string
	replaces []string
	held     uint64
	set      *docset.Set
	digest   []byte // apart, so that who keeps it keeps nothing else
	past     []past
	recalled *recalled // nil: none

	encoding sync.Mutex // guards full; apart, since those who take deltas must not wait for a whole
	full     *nodev1.Full

	mu     sync.Mutex                      // guards deltas
	deltas map[docset.Digest]*nodev1.Delta // nil: the whole is better
}

func newEncoded(cfg *controlplane.Config, set *docset.Set, before []past) *encoded {
	digest := set.Digest()
	return &encoded{
		lineage: cfg.Lineage, replaces: cfg.Replaces, set: set, digest: digest[:], past: before, deltas: map[docset.Digest]*nodev1.Delta{},
	}
}

func (e *encoded) Revision() uint64 { return e.set.Revision() }
func (e *encoded) Lineage() string  { return e.lineage }
func (e *encoded) Digest() []byte   { return e.digest }
func (e *encoded) Held() uint64     { return e.held }

// Full is the whole snapshot. Equal snapshots give equal bytes on every replica. The nonce is left for the
// stream to set.
func (v version) Full() (*nodev1.Full, error) {
	full, err := v.whole()
	if err != nil {
		return nil, err
	}
	out := v.head()
	out.Sha256, out.SnapshotZstd = full.GetSha256(), full.GetSnapshotZstd()
	return out, nil
}

// head is a Full without its content.
func (v version) head() *nodev1.Full {
	return &nodev1.Full{Revision: v.Revision(), Lineage: v.lineage, Replaces: v.replaces, Digest: v.digest, Traceparent: v.traceparent}
}

func (e *encoded) whole() (*nodev1.Full, error) {
	e.encoding.Lock()
	defer e.encoding.Unlock()
	if e.full != nil {
		return e.full, nil
	}
	raw := e.set.Encode()
	compressed, err := deflate(raw)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	e.full = &nodev1.Full{Sha256: sum[:], SnapshotZstd: compressed}
	return e.full, nil
}

// Delta is what changed since another snapshot. Equal snapshots and bases give equal bytes on every replica.
func (v version) Delta(from []byte) (*nodev1.Delta, error) {
	if len(from) != len(docset.Digest{}) {
		return nil, nil
	}
	d, err := v.since(docset.Digest(from))
	if d == nil || err != nil {
		return nil, err
	}
	return &nodev1.Delta{To: v.head(), FromDigest: d.GetFromDigest(), ChangeZstd: d.GetChangeZstd()}, nil
}

func (e *encoded) since(from docset.Digest) (*nodev1.Delta, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d, made := e.deltas[from]; made {
		return d, nil
	}
	base := e.before(from)
	if base == nil {
		return nil, nil
	}
	d, err := e.delta(base)
	if err == nil {
		e.deltas[from] = d
	}
	return d, err
}

// before is an earlier snapshot; nil: it is not known.
func (e *encoded) before(digest docset.Digest) *docset.Set {
	for _, p := range e.past {
		if p.set.Digest() == digest {
			return p.set
		}
	}
	if e.recalled == nil {
		return nil
	}
	return e.recalled.find(digest)
}

// delta makes a delta; nil when the whole is better.
func (e *encoded) delta(from *docset.Set) (*nodev1.Delta, error) {
	change := docset.Between(from, e.set)
	if n := change.Len(); n > smallChange && 2*n > e.set.Len() {
		return nil, nil
	}
	raw, err := change.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode the change to revision %d: %w", e.Revision(), err)
	}
	if len(raw) > MaxSize {
		return nil, nil
	}
	compressed, err := deflate(raw)
	if err != nil {
		return nil, err
	}
	digest := from.Digest()
	return &nodev1.Delta{FromDigest: digest[:], ChangeZstd: compressed}, nil
}

func deflate(raw []byte) ([]byte, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compress snapshot: %w", err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(raw, nil), nil
}

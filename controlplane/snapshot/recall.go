package snapshot

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
)

const (
	// recallTime bounds how long a node waits for what it has to be made again.
	recallTime = 2 * time.Second
	// recallMost is how many revisions back a snapshot is made again.
	recallMost = 1000
	// maxMissed is how many snapshots that could not be made again are known by their digests.
	maxMissed = 1024
)

// recalled are snapshots that nodes have and this replica did not publish, or has forgotten. They are made from
// the change log, and proven by the digest that the node names.
type recalled struct {
	one chan struct{} // holds a value while one is made

	mu     sync.Mutex // guards the fields below
	sets   []*docset.Set
	missed map[docset.Digest]bool
	// gone is the newest revision since which too much has changed.
	gone controlplane.Revision
}

func newRecalled() *recalled {
	return &recalled{one: make(chan struct{}, 1), missed: map[docset.Digest]bool{}}
}

func (r *recalled) find(digest docset.Digest) *docset.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range r.sets {
		if set.Digest() == digest {
			return set
		}
	}
	return nil
}

// settled reports whether it is known already what becomes of a snapshot.
func (r *recalled) settled(revision controlplane.Revision, digest docset.Digest) bool {
	if r.find(digest) != nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missed[digest] || revision <= r.gone
}

// add keeps a snapshot, and forgets those before for which the memory is needed.
func (r *recalled) add(set, newest *docset.Set) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, bytes := append(r.sets, set), 0
	for i := len(all) - 1; i >= 0; i-- {
		bytes += docset.Between(all[i], newest).HeldBefore(all[i])
		if len(all)-i > maxPast || bytes > maxPastBytes {
			all = slices.Clone(all[i+1:])
			break
		}
	}
	r.sets = all
}

func (r *recalled) miss(digest docset.Digest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.missed) >= maxMissed {
		r.missed = map[docset.Digest]bool{}
	}
	r.missed[digest] = true
}

func (r *recalled) tooOld(revision controlplane.Revision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = max(r.gone, revision)
}

// forget begins again, with another database.
func (r *recalled) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sets, r.missed, r.gone = nil, map[docset.Digest]bool{}, 0
}

// Recall makes a snapshot of an earlier revision known again that a node has, if it can, so that the node may be sent
// what changed since. It takes two seconds at most, and is soon done when it was asked before.
func (h *Hub) Recall(ctx context.Context, revision uint64, digest []byte) {
	if h.cfg.At == nil || len(digest) != len(docset.Digest{}) {
		return
	}
	want, at := docset.Digest(digest), controlplane.Revision(revision)
	bounded, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	select {
	case h.recalled.one <- struct{}{}:
		defer func() { <-h.recalled.one }()
	case <-bounded.Done():
		return
	}
	h.mu.Lock()
	newest := h.image
	h.mu.Unlock()
	if newest == nil || at >= newest.cfg.Revision || h.recalled.settled(at, want) {
		return
	}
	if newest.cfg.Revision-at > recallMost {
		h.recalled.tooOld(at)
		return
	}
	cfg, err := h.cfg.At(bounded, newest.cfg, at)
	if ctx.Err() != nil {
		return // the node is gone; others have the same
	}
	if err != nil {
		h.cfg.Logger.Warn("cannot rebuild the snapshot of a node from the change log; sending the full one", "revision", revision, "error", err)
		h.recalled.miss(want)
		return
	}
	made, err := newest.follow(cfg, h.cfg.Sealer, h.cfg.Pepper)
	if err != nil || made.set.Digest() != want {
		h.recalled.miss(want) // it was held back from the node, or made by another version
		return
	}
	if n := docset.Between(made.set, newest.set).Len(); n > smallChange && 2*n > newest.set.Len() {
		h.recalled.tooOld(at)
		return
	}
	h.recalled.add(made.set, newest.set)
}

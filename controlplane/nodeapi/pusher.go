package nodeapi

import (
	"bytes"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// pusher decides what one stream is sent next: the newest snapshot, never a second one
// before the node answered the first, and none that the node has or has refused.
type pusher struct {
	next    *nodev1.Full // newest one not sent
	sent    *nodev1.Full // waits for an answer
	nonce   uint64
	have    []byte // SHA-256 of what the node serves
	lineage string // of what it serves; empty: not known
	refused []byte // SHA-256 of what it refused last
	// refusedOf is the lineage of that: the same content of a database that was adopted since
	// is another matter.
	refusedOf string
	// floor holds back older snapshots than the node came with: this replica may be a
	// moment behind the one the node was at before, and must not bring old keys back.
	floor uint64
	// revision is that of what the node serves.
	revision uint64
	// history gives the hash over all changes up to a revision; nil: there is none.
	history func(revision uint64) []byte
}

// offer replaces whatever was not sent yet. It reports whether the node has it already.
func (p *pusher) offer(full *nodev1.Full) (has bool) {
	p.next = full
	return p.sent == nil && p.has(full)
}

// has reports whether the node serves the snapshot, as one of the same database.
func (p *pusher) has(full *nodev1.Full) bool {
	return bytes.Equal(full.GetSha256(), p.have) && (full.GetLineage() == p.lineage || full.GetLineage() == "")
}

// held reports whether a snapshot must wait: it is older than what the node came with.
func (p *pusher) held(full *nodev1.Full) bool {
	return full.GetRevision() < p.floor && (full.GetLineage() == p.lineage || p.lineage == "")
}

// release lets older snapshots through: the configuration really is older.
func (p *pusher) release() { p.floor = 0 }

// wants reports whether there is something to send now.
func (p *pusher) wants() bool {
	if p.next == nil || p.sent != nil || p.held(p.next) {
		return false
	}
	if p.has(p.next) || bytes.Equal(p.next.GetSha256(), p.refused) && p.next.GetLineage() == p.refusedOf {
		p.next = nil
		return false
	}
	return true
}

// take returns what to send now, under a new nonce, or nil.
func (p *pusher) take() *nodev1.Full {
	if !p.wants() {
		return nil
	}
	full := p.next
	p.next = nil
	p.nonce++
	p.sent = full
	out := &nodev1.Full{
		Nonce:        p.nonce,
		Revision:     full.GetRevision(),
		Sha256:       full.GetSha256(),
		SnapshotZstd: full.GetSnapshotZstd(),
		Lineage:      full.GetLineage(),
		Replaces:     full.GetReplaces(),
		Traceparent:  full.GetTraceparent(),
	}
	if p.history != nil {
		out.History = p.history(full.GetRevision())
		out.BaseRevision, out.BaseHistory = p.revision, p.history(p.revision)
	}
	return out
}

// acked records that the node serves what was sent and returns its revision; ok is
// false for an answer to something else.
func (p *pusher) acked(nonce uint64) (revision uint64, ok bool) {
	full, ok := p.answered(nonce)
	if ok {
		p.have, p.lineage, p.floor, p.revision = full.GetSha256(), full.GetLineage(), 0, full.GetRevision()
	}
	return full.GetRevision(), ok
}

// nacked records that the node refused what was sent.
func (p *pusher) nacked(nonce uint64) (revision uint64, ok bool) {
	full, ok := p.answered(nonce)
	if ok {
		p.refused, p.refusedOf = full.GetSha256(), full.GetLineage()
	}
	return full.GetRevision(), ok
}

func (p *pusher) answered(nonce uint64) (*nodev1.Full, bool) {
	if p.sent == nil || nonce != p.nonce {
		return nil, false
	}
	full := p.sent
	p.sent = nil
	return full, true
}

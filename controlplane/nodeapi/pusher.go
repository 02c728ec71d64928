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
	refused []byte // SHA-256 of what it refused last
	// floor holds back older snapshots than the node came with: this replica may be a
	// moment behind the one the node was at before, and must not bring old keys back.
	floor uint64
}

// offer replaces whatever was not sent yet.
func (p *pusher) offer(full *nodev1.Full) { p.next = full }

// release lets older snapshots through: the configuration really is older.
func (p *pusher) release() { p.floor = 0 }

// take returns what to send now, under a new nonce, or nil.
func (p *pusher) take() *nodev1.Full {
	if p.next == nil || p.sent != nil || p.next.GetRevision() < p.floor {
		return nil
	}
	full := p.next
	p.next = nil
	if bytes.Equal(full.GetSha256(), p.have) || bytes.Equal(full.GetSha256(), p.refused) {
		return nil
	}
	p.nonce++
	p.sent = full
	return &nodev1.Full{
		Nonce:        p.nonce,
		Revision:     full.GetRevision(),
		Sha256:       full.GetSha256(),
		SnapshotZstd: full.GetSnapshotZstd(),
	}
}

// acked records that the node serves what was sent and returns its revision; ok is
// false for an answer to something else.
func (p *pusher) acked(nonce uint64) (revision uint64, ok bool) {
	full, ok := p.answered(nonce)
	if ok {
		p.have, p.floor = full.GetSha256(), 0
	}
	return full.GetRevision(), ok
}

// nacked records that the node refused what was sent.
func (p *pusher) nacked(nonce uint64) (revision uint64, ok bool) {
	full, ok := p.answered(nonce)
	if ok {
		p.refused = full.GetSha256()
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

package nodeapi

import (
	"bytes"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxResyncs is after how many deltas in a row that did not fit a stream is sent wholes only.
const maxResyncs = 2

// pusher decides what one stream is sent next: the newest snapshot, never a second one
// before the node answered the first, and none that the node has or has refused. It is sent as what
// changed where the node takes that, and what the node has is known.
type pusher struct {
	newest controlplane.Snapshot // that there is; no other one is kept in memory for this stream
	due    bool                  // newest is to be sent, if the node needs it
	sent   *identity             // of what waits for an answer
	// Of what was sent.
	nonce uint64
	delta bool

	takesDeltas bool
	needsWhole  bool   // a delta did not fit
	asked       bool   // whether what it has can be made known again
	resyncs     int    // deltas in a row that did not fit
	have        []byte // digest of what the node serves; empty: not known
	haveSHA256  []byte // of what it said that it serves, where it does not know its digest
	lineage     string // of what it serves; empty: not known
	refused     []byte // digest of what it refused last
	// refusedOf is the lineage of that: the same content of a database that was adopted since
	// is another matter.
	refusedOf string
	// floor holds back older snapshots than the node came with: this replica may be a
	// moment behind the one the node was at before, and must not bring old keys back.
	floor uint64
	// revision is that of what the node serves, and heldAt its Held.
	revision, heldAt uint64
	// history gives the hash over all changes up to a revision; nil: there is none.
	history func(revision uint64) []byte
}

// identity tells a snapshot without holding it.
type identity struct {
	revision uint64
	lineage  string
	digest   []byte
	held     uint64
}

func newPusher(hello *nodev1.Hello, history func(revision uint64) []byte) *pusher {
	known := hello.GetDigestFormat() == docset.DigestFormat
	var have []byte
	if known {
		have = hello.GetHaveDigest()
	}
	return &pusher{
		takesDeltas: known && hello.GetTakesDeltas(), have: have, haveSHA256: hello.GetHaveSha256(), lineage: hello.GetHaveLineage(),
		floor: hello.GetHaveRevision(), revision: hello.GetHaveRevision(), history: history,
	}
}

// offer replaces the newest snapshot. It reports whether the node has it already.
func (p *pusher) offer(s controlplane.Snapshot) (has bool) {
	p.newest, p.due = s, true
	return p.sent == nil && p.has(s)
}

// has reports whether the node serves the snapshot, as one of the same database.
func (p *pusher) has(s controlplane.Snapshot) bool {
	if s.Lineage() != p.lineage && s.Lineage() != "" {
		return false
	}
	if len(p.have) > 0 {
		return bytes.Equal(s.Digest(), p.have)
	}
	if len(p.haveSHA256) == 0 || s.Revision() != p.revision {
		return false
	}
	full, err := s.Full()
	return err == nil && bytes.Equal(full.GetSha256(), p.haveSHA256)
}

// held reports whether a snapshot must wait: it is older than what the node came with, or may be, as some of it is held back.
func (p *pusher) held(s controlplane.Snapshot) bool {
	return (s.Revision() < p.floor || s.Revision() == p.floor && s.Held() != 0) && (s.Lineage() == p.lineage || p.lineage == "")
}

// release lets older snapshots through: the configuration really is older.
func (p *pusher) release() { p.floor = 0 }

// wants reports whether there is something to send now.
func (p *pusher) wants() bool {
	if !p.due || p.sent != nil || p.held(p.newest) {
		return false
	}
	if p.has(p.newest) || bytes.Equal(p.newest.Digest(), p.refused) && p.newest.Lineage() == p.refusedOf {
		p.due = false
		return false
	}
	return true
}

// takeDelta returns what to send now if a delta of at most so many bytes does, or nil.
func (p *pusher) takeDelta(atMost int) (*nodev1.Delta, error) {
	if !p.fitsDelta() {
		return nil, nil
	}
	d, err := p.newest.Delta(p.have)
	if d == nil || err != nil || len(d.GetChangeZstd()) > atMost {
		return nil, err
	}
	p.sending(true)
	return &nodev1.Delta{To: p.addressed(d.GetTo()), FromDigest: d.GetFromDigest(), ChangeZstd: d.GetChangeZstd()}, nil
}

// unknown is what the node has, once until it has something else, where no delta leads from that to the newest snapshot because nobody remembers it.
func (p *pusher) unknown() (revision uint64, digest []byte, ok bool) {
	if p.asked || !p.fitsDelta() || p.newest.Revision() < p.revision {
		return 0, nil, false
	}
	p.asked = true
	return p.revision, p.have, true
}

// fitsDelta reports whether the node takes what changed. What differs under the revision that it has, because some of
// it was held back, goes as a whole: nodes keep changes by revision.
func (p *pusher) fitsDelta() bool {
	return p.takesDeltas && !p.needsWhole && len(p.have) > 0 && p.wants() && p.newest.Lineage() == p.lineage && p.newest.Revision() != p.revision
}

// take returns the whole to send now, or nil.
func (p *pusher) take() (*nodev1.Full, error) {
	if !p.wants() {
		return nil, nil
	}
	full, err := p.newest.Full()
	if err != nil {
		return nil, err
	}
	p.sending(false)
	return p.addressed(full), nil
}

func (p *pusher) sending(delta bool) {
	p.sent = &identity{p.newest.Revision(), p.newest.Lineage(), p.newest.Digest(), p.newest.Held()}
	p.due, p.delta = false, delta
	p.nonce++
}

// addressed is a message for this stream, under its nonce.
func (p *pusher) addressed(full *nodev1.Full) *nodev1.Full {
	out := &nodev1.Full{
		Nonce:        p.nonce,
		Revision:     full.GetRevision(),
		Sha256:       full.GetSha256(),
		SnapshotZstd: full.GetSnapshotZstd(),
		Lineage:      full.GetLineage(),
		Replaces:     full.GetReplaces(),
		Traceparent:  full.GetTraceparent(),
		Digest:       full.GetDigest(),
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
	s, ok := p.answered(nonce)
	if !ok {
		return 0, false
	}
	p.have, p.lineage, p.floor, p.revision, p.heldAt = s.digest, s.lineage, 0, s.revision, s.held
	p.needsWhole, p.asked = p.needsWhole && p.delta, false
	if p.delta {
		p.resyncs = 0
	}
	return s.revision, true
}

// nacked records that the node refused what was sent. resync: it did not fit, and the whole is to be sent;
// that is no refusal of the snapshot.
func (p *pusher) nacked(nonce uint64, code nodev1.NackCode) (revision uint64, resync, ok bool) {
	s, ok := p.answered(nonce)
	if !ok {
		return 0, false, false
	}
	if p.delta && code == nodev1.NackCode_NACK_CODE_RESYNC {
		p.needsWhole, p.due = true, true
		if p.resyncs++; p.resyncs == maxResyncs {
			p.takesDeltas = false
		}
		return s.revision, true, true
	}
	p.refused, p.refusedOf = s.digest, s.lineage
	return s.revision, false, true
}

func (p *pusher) answered(nonce uint64) (*identity, bool) {
	if p.sent == nil || nonce != p.nonce {
		return nil, false
	}
	s := p.sent
	p.sent = nil
	return s, true
}

package syncing

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/packed"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// content is what the node knows of the snapshot in use, beside its compiled form: enough to tell that a
// change leads to the right one, and to compile all but the API keys again.
type content struct {
	set     *docset.Set                           // lean
	rest    Refused                               // documents that are withheld, but for API keys
	keys    hashtrie.Map[*nodev1.RefusedDocument] // and API keys
	changed int                                   // documents that the last change named
}

// unfitDelta is why a node needs the whole snapshot.
type unfitDelta struct{ reason string }

func (e unfitDelta) Error() string { return "RESYNC: " + e.reason }

// receiveDelta brings a change into use and returns the answer to it: that of the whole, or that the node
// needs the whole.
func (s *Syncer) receiveDelta(d *nodev1.Delta) *nodev1.SyncRequest {
	return s.take(d.GetTo(), s.unsure, func(p *pace.Pace) error { return s.useDelta(d, p) }, func() { s.append(d) })
}

func (s *Syncer) useDelta(d *nodev1.Delta, p *pace.Pace) error {
	have, to := s.have.Load(), d.GetTo()
	switch {
	case s.cfg.Change == nil:
		return unfitDelta{"the node takes no deltas"}
	case have == nil || have.lineage != to.GetLineage() || !bytes.Equal(have.digest[:], d.GetFromDigest()):
		return unfitDelta{"the change is one of another snapshot than the node has"}
	case s.unsure:
		return unfitDelta{"the snapshot before could not be applied, and may be in use in part"}
	case s.DiskGap() && s.resync.due(s.cfg.Now()):
		return unfitDelta{"the copy on the node's disk has a gap"}
	}
	defer s.grow(d.GetChangeZstd(), p)()
	raw, err := packed.Inflate(d.GetChangeZstd(), nil, p)
	if err != nil {
		return unfitDelta{err.Error()}
	}
	change, err := docset.ParseChange(raw, p)
	if err != nil {
		return unfitDelta{err.Error()}
	}
	before, next := s.content, content{set: s.content.set.With(change, p), changed: change.Len()}
	if digest := next.set.Digest(); !bytes.Equal(digest[:], to.GetDigest()) || next.set.Revision() != to.GetRevision() {
		return unfitDelta{"the change does not lead to the snapshot that was announced"}
	}
	c := &dataplane.Change{Revision: to.GetRevision()}
	if next.rest = before.rest; touchesRest(before.set, change) {
		if c.Rest, next.rest, err = s.restOf(next.set, p); err != nil {
			return err
		}
	}
	if next.keys, err = s.changedKeys(c, before, change, p); err != nil {
		return err
	}
	return s.bring(to, next, func() error { return s.cfg.Change(c, p) })
}

// touchesRest reports whether a change is about more than API keys.
func touchesRest(before *docset.Set, c *docset.Change) bool {
	for _, d := range c.Documents {
		if d.Kind != docset.APIKey {
			return true
		}
	}
	for _, id := range c.Gone {
		if d, had := before.Get(id); had && d != nil {
			return true
		}
	}
	return c.NewRest
}

// restOf is everything but the API keys, as it may be served.
func (s *Syncer) restOf(set *docset.Set, p *pace.Pace) (*nodev1.Snapshot, Refused, error) {
	rest, err := unpack(set.Encode(), p)
	if err != nil {
		return nil, Refused{}, fmt.Errorf("decode snapshot: %w", err)
	}
	refused, err := withholdRest(rest, s.cfg.Features)
	return rest, refused, err
}

// changedKeys fills in what becomes of API keys, and returns which are withheld afterwards.
func (s *Syncer) changedKeys(c *dataplane.Change, before content, change *docset.Change, p *pace.Pace) (hashtrie.Map[*nodev1.RefusedDocument], error) {
	for i, d := range change.Documents {
		if d.Kind != docset.APIKey {
			continue
		}
		k := &nodev1.ApiKey{}
		if err := proto.Unmarshal(d.Raw, k); err != nil {
			return before.keys, fmt.Errorf("decode api key %q: %w", d.Name, err)
		}
		c.Keys = append(c.Keys, k)
		p.Count(i)
	}
	var edits []hashtrie.Edit[*nodev1.RefusedDocument]
	if before.keys.Len() > 0 {
		for _, k := range c.Keys {
			edits = append(edits, hashtrie.Edit[*nodev1.RefusedDocument]{Key: hashtrie.Key(k.GetHash()), Gone: true})
		}
	}
	for _, id := range change.Gone {
		if d, had := before.set.Get(id); had && d == nil {
			c.Gone = append(c.Gone, dataplane.KeyHash(id))
			edits = append(edits, hashtrie.Edit[*nodev1.RefusedDocument]{Key: id, Gone: true})
		}
	}
	return before.keys.With(edits, p).With(withholdKeys(c.Keys, s.cfg.Features, p), p), nil
}

// append keeps a change for the next start.
func (s *Syncer) append(d *nodev1.Delta) {
	if s.cfg.Snapshots == nil {
		return
	}
	many, err := s.cfg.Snapshots.Append(d)
	if err != nil {
		s.log.Error("failed to save a delta; after a restart without the control plane this node would serve an older snapshot",
			"revision", d.GetTo().GetRevision(), "error", err)
	}
	if many {
		select {
		case s.compact <- struct{}{}:
		default:
		}
	}
}

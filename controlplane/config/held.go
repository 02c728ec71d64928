package config

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// triedKinds are the kinds of document that nodes follow, API keys aside.
var triedKinds = []controlplane.Kind{controlplane.KindSettings, controlplane.KindProvider, controlplane.KindGroup, controlplane.KindFailureKeyword}

// Held is a configuration with all that nodes follow, but API keys, as it was at an earlier revision, and the
// newest revision that changed something of that; nil and 0 when nothing differs. Replicas that hold the
// same configuration back get the same: it is made from the change log, never from what a replica remembers.
func (h *History) Held(ctx context.Context, c *controlplane.Config, base controlplane.Revision) (held *controlplane.Config, target controlplane.Revision, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil || h.held.after != base || h.held.to > c.Revision {
		h.held = &span{after: base}
	}
	if err := h.held.read(ctx, h.live.cfg.Store, c.Revision); err != nil {
		return nil, 0, err
	}
	changes, target := h.held.tried(c)
	if target == 0 {
		return nil, 0, nil
	}
	secrets, err := h.secretsOf(ctx, c, changes)
	if err != nil {
		return nil, 0, err
	}
	return c.With(c.Revision, changes, secrets), target, nil
}

// At is a configuration in which all that nodes follow is as it was at an earlier revision, made from the change log.
func (h *History) At(ctx context.Context, c *controlplane.Config, revision controlplane.Revision) (*controlplane.Config, error) {
	s := &span{after: revision}
	if err := s.read(ctx, h.live.cfg.Store, c.Revision); err != nil {
		return nil, err
	}
	var changes []controlplane.Change
	for _, id := range s.sorted() {
		if change, differs := s.undo(c, id); differs {
			changes = append(changes, change)
		}
	}
	secrets, err := h.secretsOf(ctx, c, changes)
	if err != nil {
		return nil, err
	}
	return c.With(revision, changes, secrets), nil
}

// undo is the change that makes a document what it was before, where it differs.
func (s *span) undo(c *controlplane.Config, id identity) (change controlplane.Change, differs bool) {
	last, want := s.changed[id], s.first[id]
	change = controlplane.Change{Revision: c.Revision, At: last.At, Kind: id.kind, Name: id.name, UID: last.UID, After: want, Op: controlplane.OpDelete}
	if want != nil {
		change.Op = controlplane.OpUpdate // keeps when it was created, where it is still there
	}
	present, exists := c.Get(id.kind, id.name)
	if exists {
		return change, !equalForNodes(present.Spec, want)
	}
	return change, want != nil
}

// secretsOf reads the secrets of documents that come back, as far as c does not have them.
func (h *History) secretsOf(ctx context.Context, c *controlplane.Config, changes []controlplane.Change) ([]controlplane.Secret, error) {
	var refs []string
	for _, change := range changes {
		if change.After == nil {
			continue
		}
		for _, ref := range controlplane.SecretRefs(change.After) {
			if _, known := c.Secret(ref); !known {
				refs = append(refs, ref)
			}
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	return h.live.cfg.Store.Secrets(ctx, refs)
}

// tried is what makes all that nodes follow of a configuration, but API keys, as it was before, and the newest revision
// that changed something of that; 0 when nothing differs.
func (s *span) tried(c *controlplane.Config) (changes []controlplane.Change, target controlplane.Revision) {
	for _, id := range s.sorted() {
		if !slices.Contains(triedKinds, id.kind) {
			continue
		}
		if change, differs := s.undo(c, id); differs {
			changes = append(changes, change)
			target = max(target, s.forNodes[id])
		}
	}
	return changes, target
}

// equalForNodes reports whether two documents say the same to nodes.
func equalForNodes(a, b proto.Message) bool {
	return equalDocs(forNodes(a), forNodes(b))
}

// forNodes is a document without what nodes do not follow. Without any settings the defaults hold.
func forNodes(doc proto.Message) proto.Message {
	if s, ok := doc.(*adminv1.Settings); ok {
		return &adminv1.Settings{Failover: s.GetFailover(), Cors: s.GetCors(), Websocket: s.GetWebsocket()}
	}
	return doc
}

// withNodes is settings of which what nodes follow is as in others.
func withNodes(settings, others *adminv1.Settings) *adminv1.Settings {
	out := proto.CloneOf(settings)
	out.Failover, out.Cors, out.Websocket = others.GetFailover(), others.GetCors(), others.GetWebsocket()
	return out
}

// TakeBack makes a new revision in which all that nodes follow, but API keys, is as it was at an earlier one, by
// the rules of Rollback. errs.Conflict when target is not, or no more, the newest revision that changed something of that.
func (h *History) TakeBack(ctx context.Context, actor string, base, target controlplane.Revision) (controlplane.Revision, error) {
	result, err := h.rollback(ctx, actor, base, false, target)
	if err != nil {
		return 0, err
	}
	return result.Revision, nil
}

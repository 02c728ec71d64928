package config

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// historyLines is how many lines of the change log are read at once.
const historyLines = 500

// History reads past revisions and goes back to them.
type History struct {
	live *Live

	mu   sync.Mutex // guards held
	held *span      // what was read for Held
}

// NewHistory makes a History.
func NewHistory(live *Live) *History { return &History{live: live} }

// Revisions lists at most limit revisions before one, or the newest when that is 0, newest
// first.
func (h *History) Revisions(ctx context.Context, before controlplane.Revision, limit int) ([]controlplane.RevisionSummary, error) {
	return h.live.cfg.Store.Revisions(ctx, before, limit)
}

// Revision tells what one revision changed, with differences.
func (h *History) Revision(ctx context.Context, revision controlplane.Revision) (*controlplane.RevisionSummary, []ResourceChange, error) {
	if revision == 0 {
		return nil, nil, errs.Newf(errs.NotFound, "revision 0 is the empty configuration before the first change")
	}
	changes, err := h.live.cfg.Store.Changes(ctx, revision-1, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(changes) == 0 || changes[0].Revision != revision {
		return nil, nil, errs.Newf(errs.NotFound, "revision %d does not exist, or the change log does not reach back to it", revision)
	}
	first := changes[0]
	summary := &controlplane.RevisionSummary{Revision: revision, At: first.At, Actor: first.Actor, Count: len(changes)}
	described := make([]ResourceChange, len(changes))
	for i, ch := range changes {
		described[i] = describe(ch.Kind, ch.Name, ch.Before, ch.After)
		if ch.Op == controlplane.OpAdopt {
			described[i].Op = controlplane.OpAdopt
		}
	}
	return summary, described, nil
}

// DiffRevisions tells what makes the configuration of one revision into that of another, by
// kind and name. Zero for to is the present revision.
func (h *History) DiffRevisions(ctx context.Context, from, to controlplane.Revision) (until controlplane.Revision, changes []ResourceChange, err error) {
	present := h.live.Current().Revision
	to = cmp.Or(to, present)
	for _, given := range [...]struct {
		field    string
		revision controlplane.Revision
	}{{"from", from}, {"to", to}} {
		if given.revision > present {
			return 0, nil, noSuchRevision(given.field, present)
		}
	}
	span := &span{after: min(from, to)}
	if err := span.read(ctx, h.live.cfg.Store, max(from, to)); err != nil {
		return 0, nil, err
	}
	for _, id := range span.sorted() {
		before, after := span.first[id], span.last[id]
		if from > to {
			before, after = after, before
		}
		if equalDocs(before, after) {
			continue
		}
		changes = append(changes, describe(id.kind, id.name, before, after))
	}
	return to, changes, nil
}

func noSuchRevision(field string, present controlplane.Revision) error {
	return errs.Invalid(errs.Violation{Field: field, Description: "must not be above the current revision, which is " + itoa(present)})
}

// span is what a row of revisions changed: each document as it was before the first change
// and after the last one; nil where there was none.
type span struct {
	after, to   controlplane.Revision
	first, last map[identity]proto.Message
	changed     map[identity]controlplane.Change   // the last one, without documents
	forNodes    map[identity]controlplane.Revision // of the last one that nodes follow
}

// read takes in the change log up to a revision, from where it was read to before.
func (s *span) read(ctx context.Context, store Store, to controlplane.Revision) error {
	if s.first == nil {
		s.to = s.after
		s.first, s.last = map[identity]proto.Message{}, map[identity]proto.Message{}
		s.changed, s.forNodes = map[identity]controlplane.Change{}, map[identity]controlplane.Revision{}
	}
	for s.to < to {
		changes, err := store.Changes(ctx, s.to, historyLines)
		if err != nil {
			return err
		}
		if len(changes) == 0 || changes[0].Revision != s.to+1 {
			return errs.Newf(errs.FailedPrecondition, "the change log does not reach back to revision %d", s.to+1)
		}
		for _, ch := range changes {
			if ch.Revision > to {
				break
			}
			s.to = ch.Revision
			if ch.Op == controlplane.OpAdopt {
				continue
			}
			id := identity{ch.Kind, ch.Name}
			if _, seen := s.first[id]; !seen {
				s.first[id] = ch.Before
			}
			s.last[id] = ch.After
			s.changed[id] = controlplane.Change{Revision: ch.Revision, At: ch.At, UID: ch.UID}
			if ch.Kind != controlplane.KindSettings || !equalForNodes(ch.Before, ch.After) {
				s.forNodes[id] = ch.Revision
			}
		}
	}
	return nil
}

// sorted lists the documents that changed, by kind and name.
func (s *span) sorted() []identity {
	ids := make([]identity, 0, len(s.first))
	for id := range s.first {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b identity) int {
		return cmp.Or(a.kind.Compare(b.kind), cmp.Compare(a.name, b.name))
	})
	return ids
}

func equalDocs(a, b proto.Message) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return proto.Equal(a, b)
}

// describe says what makes one document into another; nil is none.
func describe(kind controlplane.Kind, name string, before, after proto.Message) ResourceChange {
	ch := ResourceChange{Kind: kind, Name: name}
	if kind == controlplane.KindSettings { // there always are settings: those that are not stored are the defaults
		before, after = settingsOf(before), settingsOf(after)
	}
	switch {
	case before == nil && after == nil:
		ch.Op = OpUnchanged
	case before == nil:
		ch.Op = controlplane.OpCreate
	case after == nil:
		ch.Op = controlplane.OpDelete
	default:
		ch.Op, ch.Differences = controlplane.OpUpdate, differences(before, after)
	}
	return ch
}

func settingsOf(doc proto.Message) proto.Message {
	if doc == nil {
		return &adminv1.Settings{}
	}
	return doc
}

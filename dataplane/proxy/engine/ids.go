package engine

import (
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/scan"
)

// Followed is the stored response that a request goes on with. Only its provider has it, so that
// nobody else is tried, whatever state that one is in.
type Followed struct {
	Sent string // as the client names it
	dataplane.ResponseID
}

// names are the ids in an attempt's answer: of the response, if its provider stores it, and of the
// one before it. The client gets both as it can come back with them.
type names struct {
	native, wrapped string
}

// renames reports whether ids in the answer are to be renamed: nobody stores a translated one.
func (a *attempt) renames() bool {
	return a.translation == nil && (a.call.req.Stores || a.call.req.Followed != nil)
}

// rename gives the edits of a document that starts at offset of what is sent, by where its ids are.
func (a *attempt) rename(doc []byte, ids wire.ResponseIDs, offset int) (edits []scan.Edit) {
	add := func(at scan.Span, id string) {
		if at.End > 0 && id != "" {
			edits = append(edits, scan.Edit{At: scan.Span{Start: offset + at.Start, End: offset + at.End}, With: []byte(id)})
		}
	}
	if req := a.call.req; req.Stores && ids.ID.End > 0 {
		a.nameAfter(doc[ids.ID.Start:ids.ID.End])
		add(ids.ID, a.names.wrapped)
	}
	if f := a.call.req.Followed; f != nil && ids.Previous.End > 0 && string(doc[ids.Previous.Start:ids.Previous.End]) == f.Native {
		add(ids.Previous, f.Sent)
	}
	if len(edits) == 2 && edits[1].At.Start < edits[0].At.Start {
		edits[0], edits[1] = edits[1], edits[0]
	}
	return edits
}

// nameAfter makes the client's id of a provider's own, once.
func (a *attempt) nameAfter(native []byte) {
	if a.names.native == string(native) {
		return
	}
	a.names = names{native: strings.ToValidUTF8(string(native), "?")}
	c := a.call
	id := dataplane.ResponseID{Native: a.names.native, Group: c.req.Group, Provider: a.Provider, Credential: a.credential,
		Background: c.req.Background, Target: a.Target, CallID: c.rec.ID, CallStart: c.rec.Start}
	a.names.wrapped, _ = c.req.Snapshot.Wrap(c.req.Key, &id)
	a.record.ResponseID = id.Native
}

// renamePlain gives the edits of a plain answer, which may be cut.
func (a *attempt) renamePlain(doc []byte) []scan.Edit {
	if !a.renames() {
		return nil
	}
	return a.rename(doc, wire.FindResponseIDs(doc, a.call.req.Followed != nil), 0)
}

// renameEvent gives an event and its edits.
func (a *attempt) renameEvent(event []byte) ([]byte, []scan.Edit) {
	if !a.renames() {
		return event, nil
	}
	whole, data, at := wire.ResponseEvent(event)
	if data == nil {
		return event, nil
	}
	return whole, a.rename(data, wire.FindResponseIDsIn(data, a.call.req.Followed != nil), at)
}

// renamed is a document with its edits made.
func renamed(doc []byte, edits []scan.Edit) []byte {
	if len(edits) == 0 {
		return doc
	}
	spliced := scan.Splice(doc, edits...)
	out, r := make([]byte, 0, spliced.Size()), spliced.Reader()
	for part := r.Next(len(doc)); part != nil; part = r.Next(len(doc)) {
		out = append(out, part...)
	}
	return out
}

// emit adds an event to the client's stream, with its ids renamed.
func (s *stream) emit(event []byte) {
	event, edits := s.renameEvent(event)
	if len(edits) == 0 {
		s.out.add(event)
		return
	}
	s.out.addSpliced(scan.Splice(event, edits...))
}

// place is where the next event stands, in the words that the client has.
func (s *stream) place() wire.Place {
	if s.other != nil {
		return s.other.place()
	}
	at := s.seen.Place()
	if s.names.wrapped != "" {
		at.ID = s.names.wrapped
	}
	return at
}

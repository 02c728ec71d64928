package engine

import (
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Followed is the stored response that a request goes on with. Only its provider has it, so that
// nobody else is tried, whatever state that one is in.
type Followed struct {
	Sent string // as the client names it
	dataplane.ResponseID
}

// renaming gives the client ids of stored responses that it can come back with: of the response, if its
// provider stores it, and of the one before it.
type renaming struct {
	req             *Request             // nil: nothing is renamed
	id              dataplane.ResponseID // all but its native one
	native, wrapped string
}

// begin prepares for the answer to an attempt whose request goes as it came: nobody stores a translated one.
func (r *renaming) begin(a *attempt) {
	c := a.call
	if !c.req.Stores && c.req.Followed == nil {
		return
	}
	r.req = c.req
	r.id = dataplane.ResponseID{Group: c.req.Group, Provider: a.Provider, Credential: a.credential,
		Background: c.req.Background, Target: a.Target, CallID: c.rec.ID, CallStart: c.rec.Start}
}

// rename gives the edits of a document that starts at offset of what is sent, by where its ids are.
func (r *renaming) rename(doc []byte, ids wire.ResponseIDs, offset int) (edits []scan.Edit) {
	add := func(at scan.Span, id string) {
		if at.End > 0 && id != "" {
			edits = append(edits, scan.Edit{At: scan.Span{Start: offset + at.Start, End: offset + at.End}, With: []byte(id)})
		}
	}
	if r.req.Stores && ids.ID.End > 0 {
		r.nameAfter(doc[ids.ID.Start:ids.ID.End])
		add(ids.ID, r.wrapped)
	}
	if f := r.req.Followed; f != nil && ids.Previous.End > 0 && string(doc[ids.Previous.Start:ids.Previous.End]) == f.Native {
		add(ids.Previous, f.Sent)
	}
	if len(edits) == 2 && edits[1].At.Start < edits[0].At.Start {
		edits[0], edits[1] = edits[1], edits[0]
	}
	return edits
}

// nameAfter makes the client's id of a provider's own, once.
func (r *renaming) nameAfter(native []byte) {
	if r.native == string(native) {
		return
	}
	r.native = strings.ToValidUTF8(string(native), "?")
	id := r.id
	id.Native = r.native
	r.wrapped, _ = r.req.Snapshot.Wrap(r.req.Key, &id)
}

// renamePlain gives the edits of a plain answer, which may be cut.
func (r *renaming) renamePlain(doc []byte) []scan.Edit {
	if r.req == nil {
		return nil
	}
	return r.rename(doc, wire.FindResponseIDs(doc, r.req.Followed != nil), 0)
}

// renameEvent gives an event and its edits.
func (r *renaming) renameEvent(event []byte) ([]byte, []scan.Edit) {
	if r.req == nil {
		return event, nil
	}
	whole, data, at := wire.ResponseEvent(event)
	if data == nil {
		return event, nil
	}
	return whole, r.rename(data, wire.FindResponseIDsIn(data, r.req.Followed != nil), at)
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
	event, edits := s.ids.renameEvent(event)
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
	if s.ids.wrapped != "" {
		at.ID = s.ids.wrapped
	}
	return at
}

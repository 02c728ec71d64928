package docset

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/pace"
)

const revisionField protowire.Number = 1

// DigestFormat is how digests are made: planes that make them in different ways cannot prove to each other
// where a change leads. It goes up with every change of sum, of leaves or of the tree below.
const DigestFormat = 1

// Digest is a hash of everything in a snapshot.
type Digest [sha256.Size]byte

// Set is a snapshot. It is immutable: With makes another one that shares what did not change.
type Set struct {
	revision uint64
	rest     []byte // what is neither a document nor the revision, as it is sent
	docs     hashtrie.Map[entry]
	size     int // in bytes, of the documents that are held
	lean     bool
	digest   Digest
}

type entry struct {
	leaf [sha256.Size]byte
	doc  *Document // nil: an API key of a lean set
}

// Empty is a snapshot without anything. A lean one does not hold what API keys say, but knows whether it is
// right: it cannot be encoded.
func Empty(lean bool) *Set {
	s := &Set{lean: lean, docs: hashtrie.Summed(func(e *entry) [sha256.Size]byte { return e.leaf })}
	s.digest = s.sum()
	return s
}

// Parse reads an encoded snapshot. A lean set keeps nothing of raw, another one does.
func Parse(raw []byte, lean bool, p *pace.Pace) (*Set, error) {
	c, err := parseDocuments(raw, p)
	if err != nil {
		return nil, err
	}
	s := Empty(lean).With(c, p)
	if s.Len() != len(c.Documents) {
		return nil, fmt.Errorf("%d documents occur twice", len(c.Documents)-s.Len())
	}
	return s, nil
}

// parseDocuments reads an encoded snapshot as a change of nothing.
func parseDocuments(raw []byte, p *pace.Pace) (*Change, error) {
	c := &Change{NewRest: true}
	for len(raw) > 0 {
		number, wire, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, wire, raw[n:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		switch kind := Kind(number); {
		case kind.known() && wire == protowire.BytesType:
			value, _ := protowire.ConsumeBytes(raw[n:])
			d, err := New(kind, value)
			if err != nil {
				return nil, err
			}
			c.Documents = append(c.Documents, d)
			p.Count(len(c.Documents))
		case number == revisionField && wire == protowire.VarintType:
			c.Revision, _ = protowire.ConsumeVarint(raw[n:])
		default:
			c.Rest = append(c.Rest, raw[:n+size]...)
		}
		raw = raw[n+size:]
	}
	return c, nil
}

// Change is what leads from one set to another.
type Change struct {
	Revision  uint64
	Documents []*Document // new and changed ones, each once
	Gone      []ID
	NewRest   bool   // Rest replaces what the set before had
	Rest      []byte // see Set
}

// With is the set after a change. What the change names and does not alter is kept, so that both sets hold
// it once.
func (s *Set) With(c *Change, p *pace.Pace) *Set {
	next := &Set{revision: c.Revision, rest: s.rest, lean: s.lean, size: s.size}
	if c.NewRest && !bytes.Equal(c.Rest, s.rest) {
		next.rest = slices.Clone(c.Rest)
	}
	edits := make([]hashtrie.Edit[entry], 0, len(c.Documents)+len(c.Gone))
	replace := func(old entry) {
		if old.doc != nil {
			next.size -= old.doc.size()
		}
	}
	for i, d := range c.Documents {
		p.Count(i)
		e := entry{leaf: d.leaf(), doc: d}
		old, had := s.docs.Get(d.ID)
		if had && old.leaf == e.leaf {
			continue
		}
		replace(old)
		switch {
		case s.lean && d.Kind == APIKey:
			e.doc = nil
		case s.lean:
			e.doc = &Document{Kind: d.Kind, Name: d.Name, ID: d.ID, Raw: bytes.Clone(d.Raw)}
		}
		if e.doc != nil {
			next.size += d.size()
		}
		edits = append(edits, hashtrie.Edit[entry]{Key: d.ID, Value: e})
	}
	for _, id := range c.Gone {
		old, had := s.docs.Get(id)
		if !had {
			continue
		}
		replace(old)
		edits = append(edits, hashtrie.Edit[entry]{Key: id, Gone: true})
	}
	next.docs = s.docs.With(edits, p)
	next.digest = next.sum()
	return next
}

// sum is the digest: it changes with every byte of the encoded snapshot, and is recomputed from what changed
// alone.
func (s *Set) sum() Digest {
	all := binary.BigEndian.AppendUint64([]byte("trunkline snapshot 1"), s.revision)
	rest, docs := sha256.Sum256(s.rest), s.docs.Sum()
	return sha256.Sum256(append(append(all, rest[:]...), docs[:]...))
}

// Digest tells snapshots apart.
func (s *Set) Digest() Digest { return s.digest }

// Revision is that of the configuration.
func (s *Set) Revision() uint64 { return s.revision }

// Len is how many documents there are.
func (s *Set) Len() int { return s.docs.Len() }

// Size is how many bytes Encode gives; of a lean set, without its API keys.
func (s *Set) Size() int {
	return protowire.SizeTag(revisionField) + protowire.SizeVarint(s.revision) + len(s.rest) + s.size
}

// Get finds a document; nil for an API key of a lean set.
func (s *Set) Get(id ID) (d *Document, ok bool) {
	e, ok := s.docs.Get(id)
	return e.doc, ok
}

// Documents gives those that the set holds, in no order: a lean one holds no API keys.
func (s *Set) Documents() iter.Seq[*Document] {
	return func(yield func(*Document) bool) {
		for _, e := range s.docs.All() {
			if e.doc != nil && !yield(e.doc) {
				return
			}
		}
	}
}

// Encode is the snapshot as it is sent: the revision, the rest, and the documents by kind and name, keys of
// one name by their hashes. Equal sets give equal bytes, however they came about. Of a lean set it is all but
// the API keys.
func (s *Set) Encode() []byte {
	out := make([]byte, 0, s.Size())
	out = protowire.AppendTag(out, revisionField, protowire.VarintType)
	out = protowire.AppendVarint(out, s.revision)
	out = append(out, s.rest...)
	docs := slices.SortedFunc(s.Documents(), func(a, b *Document) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, d := range docs {
		out = d.append(out)
	}
	return out
}

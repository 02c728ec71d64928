package docset

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Between is the change that leads from one set to another. It costs what differs, not what the sets hold,
// when one came from the other.
func Between(from, to *Set) *Change {
	c := &Change{Revision: to.revision, NewRest: !bytes.Equal(from.rest, to.rest)}
	if c.NewRest {
		c.Rest = to.rest
	}
	hashtrie.Diff(from.docs, to.docs, func(a, b *entry) bool { return a.leaf == b.leaf }, func(id ID, _, after *entry) {
		if after == nil {
			c.Gone = append(c.Gone, id)
			return
		}
		c.Documents = append(c.Documents, after.doc)
	})
	return c
}

// Len is how many documents a change names.
func (c *Change) Len() int { return len(c.Documents) + len(c.Gone) }

// documentOverhead is about what a document takes in memory beside its name and what it says.
const documentOverhead = 128

// HeldBefore is about how many bytes of memory a set holds that the one after the change does not share:
// what it costs to keep the set.
func (c *Change) HeldBefore(before *Set) int {
	size := before.docs.CopiedBy(c.Len())
	if c.NewRest {
		size += len(before.rest)
	}
	count := func(id ID) {
		if d, _ := before.Get(id); d != nil {
			size += documentOverhead + len(d.Name) + len(d.Raw)
		}
	}
	for _, d := range c.Documents {
		count(d.ID)
	}
	for _, id := range c.Gone {
		count(id)
	}
	return size
}

// Encode is the change as it is sent. Equal changes give equal bytes.
func (c *Change) Encode() ([]byte, error) {
	m := &nodev1.Change{Revision: c.Revision}
	if c.NewRest {
		m.Rest = append([]byte{}, c.Rest...)
	}
	size := 0
	for _, d := range c.Documents {
		size += d.size()
	}
	m.Documents = make([]byte, 0, size)
	for _, d := range slices.SortedFunc(slices.Values(c.Documents), func(a, b *Document) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.ID[:], b.ID[:]))
	}) {
		m.Documents = d.append(m.Documents)
	}
	for _, id := range slices.SortedFunc(slices.Values(c.Gone), func(a, b ID) int { return bytes.Compare(a[:], b[:]) }) {
		m.Gone = append(m.Gone, id[:])
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// ParseChange reads an encoded change; it keeps raw.
func ParseChange(raw []byte, p *pace.Pace) (*Change, error) {
	var m nodev1.Change
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	c, err := parseDocuments(m.GetDocuments(), p)
	if err != nil {
		return nil, err
	}
	if len(c.Rest) > 0 || c.Revision != 0 {
		return nil, fmt.Errorf("the change to revision %d holds what is no document among its documents", m.GetRevision())
	}
	c.Revision, c.NewRest, c.Rest = m.GetRevision(), m.Rest != nil, m.GetRest()
	for _, id := range m.GetGone() {
		if len(id) != len(ID{}) {
			return nil, fmt.Errorf("an id of the change to revision %d has %d bytes instead of %d", m.GetRevision(), len(id), len(ID{}))
		}
		c.Gone = append(c.Gone, ID(id))
	}
	return c, nil
}

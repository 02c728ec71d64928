// Package docset takes a snapshot for what it is: a set of documents, and a rest. Both planes tell by it
// what differs between two snapshots, and prove with one hash that a snapshot and a change make the next
// one, without encoding or reading the whole.
package docset

import (
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
)

// Kind is the field of a snapshot that holds a document.
type Kind protowire.Number

// The kinds, as snapshot.proto numbers them.
const (
	Provider       Kind = 3
	Group          Kind = 4
	APIKey         Kind = 5
	FailureKeyword Kind = 6
)

// Fields of documents.
const (
	nameField protowire.Number = 1 // of every kind
	hashField protowire.Number = 2 // of an API key
)

func (k Kind) known() bool { return k >= Provider && k <= FailureKeyword }

// ID tells documents of a snapshot apart: of an API key it is the hash of its secret, of the others a hash
// of kind and name.
type ID = hashtrie.Key

// Document is one document of a snapshot as it is sent. It is immutable.
type Document struct {
	Kind Kind
	Name string
	ID   ID
	Raw  []byte
}

// IDOf is the id of a document that is told by its name.
func IDOf(kind Kind, name string) ID {
	return sha256.Sum256(append([]byte{byte(kind)}, name...))
}

// New reads what tells a document from others; raw is kept.
func New(kind Kind, raw []byte) (*Document, error) {
	d := &Document{Kind: kind, Raw: raw}
	var hash []byte
	for rest := raw; len(rest) > 0; {
		number, wire, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, wire, rest[n:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if wire == protowire.BytesType && (number == nameField || number == hashField) {
			value, _ := protowire.ConsumeBytes(rest[n:])
			if number == nameField {
				d.Name = string(value)
			} else {
				hash = value
			}
		}
		rest = rest[n+size:]
	}
	if kind != APIKey {
		d.ID = IDOf(kind, d.Name)
		return d, nil
	}
	if len(hash) != len(d.ID) {
		return nil, fmt.Errorf("api key %q: hash has %d bytes instead of %d", d.Name, len(hash), len(d.ID))
	}
	d.ID = ID(hash)
	return d, nil
}

// size is how many bytes the document takes in a snapshot.
func (d *Document) size() int {
	return protowire.SizeTag(protowire.Number(d.Kind)) + protowire.SizeBytes(len(d.Raw))
}

func (d *Document) append(to []byte) []byte {
	to = protowire.AppendTag(to, protowire.Number(d.Kind), protowire.BytesType)
	return protowire.AppendBytes(to, d.Raw)
}

// leaf is the document's part of the digest.
func (d *Document) leaf() [sha256.Size]byte {
	var room [512]byte // most API keys fit in it
	return sha256.Sum256(append(append(room[:0], byte(d.Kind)), d.Raw...))
}

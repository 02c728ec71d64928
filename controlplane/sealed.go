package controlplane

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// secretHolder is a message that has a secret.
type secretHolder interface {
	proto.Message
	GetSecret() string
	GetSecretHint() string
	GetSecretSetTime() *timestamppb.Timestamp
	GetSecretRef() string
}

// only is a part of which a document has one: it needs no name.
type only struct{ secretHolder }

// GetName is empty.
func (only) GetName() string { return "" }

// SealedPart is a part of a document that has a secret, such as a credential. The stored
// document refers to the secret, which lies sealed beside it.
type SealedPart interface {
	secretHolder
	GetName() string
}

// Sealed is a SealedPart and where it stands in its document.
type Sealed struct {
	SealedPart
	List string // the field it is in, such as credentials
	At   int    // its place in that list; -1: the field is no list
}

// SealedParts are all parts of a document that have secrets, in its order.
func SealedParts(doc proto.Message) iter.Seq[Sealed] {
	return func(yield func(Sealed) bool) {
		if doc == nil {
			return
		}
		m := doc.ProtoReflect()
		fields := m.Descriptor().Fields()
		for i := range fields.Len() {
			field := fields.Get(i)
			if field.IsMap() || field.Message() == nil || field.Message().Fields().ByName("secret_ref") == nil {
				continue
			}
			if !field.IsList() {
				if m.Has(field) && !yield(Sealed{only{m.Get(field).Message().Interface().(secretHolder)}, string(field.Name()), -1}) {
					return
				}
				continue
			}
			list := m.Get(field).List()
			for at := range list.Len() {
				if !yield(Sealed{list.Get(at).Message().Interface().(SealedPart), string(field.Name()), at}) {
					return
				}
			}
		}
	}
}

// Path is where the secret stands, for violations.
func (s Sealed) Path() string {
	if s.At < 0 {
		return s.List + ".secret"
	}
	return fmt.Sprintf("%s[%d].secret", s.List, s.At)
}

// Key tells it from the other sealed parts of its document, wherever it stands in its list.
func (s Sealed) Key() string { return s.List + "\x00" + s.GetName() }

// Noun is what it is called, such as credential.
func (s Sealed) Noun() string { return sealedNouns[s.List] }

// Describe names it in a sentence.
func (s Sealed) Describe() string {
	if s.At < 0 {
		return "the " + s.Noun()
	}
	return fmt.Sprintf("%s %q", s.Noun(), s.GetName())
}

// sealedNouns are what the parts of a list are called, one of them.
var sealedNouns = map[string]string{"credentials": "credential", "secret_headers": "header", "secret_query": "query parameter",
	"client_certificate": "client certificate", "proxy": "proxy"}

// Binding is the associated data of its ciphertext: the document and the part it belongs to.
func (s Sealed) Binding(kind Kind, document string) []byte {
	if s.List == "credentials" {
		return CredentialBinding(document, s.GetName())
	}
	return []byte(string(kind) + "\x00" + document + "\x00" + s.Key())
}

// Refer makes it refer to a stored secret; an empty ref to none.
func (s Sealed) Refer(ref, hint string, set *timestamppb.Timestamp) {
	m := s.ProtoReflect()
	fields := m.Descriptor().Fields()
	m.Set(fields.ByName("secret_ref"), protoreflect.ValueOfString(ref))
	m.Set(fields.ByName("secret_hint"), protoreflect.ValueOfString(hint))
	m.Clear(fields.ByName("secret_set_time"))
	if set != nil {
		m.Set(fields.ByName("secret_set_time"), protoreflect.ValueOfMessage(set.ProtoReflect()))
	}
}

// Keep makes it refer to what another part refers to.
func (s Sealed) Keep(stored SealedPart) {
	s.Refer(stored.GetSecretRef(), stored.GetSecretHint(), stored.GetSecretSetTime())
}

// TakeSecret gives the secret that a caller sent and clears it, for no document holds one in clear.
func (s Sealed) TakeSecret() string {
	secret := s.GetSecret()
	m := s.ProtoReflect()
	m.Clear(m.Descriptor().Fields().ByName("secret"))
	return secret
}

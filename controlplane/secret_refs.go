package controlplane

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// secretRefField is the field of any message, at any depth of a document, that refers to
// a secret.
const secretRefField = "secret_ref"

// SecretKinds are the kinds whose documents refer to secrets.
var SecretKinds = [...]Kind{KindProvider, KindAlertChannel}

// SecretRefs lists the secrets a document refers to.
func SecretRefs(doc proto.Message) []string {
	var refs []string
	Visit(doc.ProtoReflect(), func(m protoreflect.Message) {
		field := m.Descriptor().Fields().ByName(secretRefField)
		if field == nil {
			return
		}
		if ref := m.Get(field).String(); ref != "" {
			refs = append(refs, ref)
		}
	})
	return refs
}

// Visit calls do for a message and for every message inside it.
func Visit(m protoreflect.Message, do func(protoreflect.Message)) {
	do(m)
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			if field.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					Visit(v.Message(), do)
					return true
				})
			}
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				Visit(value.List().Get(i).Message(), do)
			}
		default:
			Visit(value.Message(), do)
		}
		return true
	})
}

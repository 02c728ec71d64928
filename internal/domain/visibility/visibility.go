// Package visibility reads from the protos who may set a field of the admin API and who
// may see it. Whatever decides by that asks here: the CLI, files, exports, answers.
package visibility

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func of(f protoreflect.FieldDescriptor) adminv1.Visibility {
	return proto.GetExtension(f.Options(), adminv1.E_Visibility).(adminv1.Visibility)
}

// Settable reports whether a request may set the field.
func Settable(f protoreflect.FieldDescriptor) bool {
	switch of(f) {
	case adminv1.Visibility_VISIBILITY_UNSPECIFIED, adminv1.Visibility_VISIBILITY_INPUT_ONLY:
		return true
	}
	return false
}

// Returned reports whether an answer may hold the field.
func Returned(f protoreflect.FieldDescriptor) bool {
	switch of(f) {
	case adminv1.Visibility_VISIBILITY_UNSPECIFIED, adminv1.Visibility_VISIBILITY_OUTPUT_ONLY:
		return true
	}
	return false
}

// Secret reports whether the field is taken and never returned.
func Secret(f protoreflect.FieldDescriptor) bool {
	return of(f) == adminv1.Visibility_VISIBILITY_INPUT_ONLY
}

// KeepSettable clears every field that a request may not set, in m and in the messages in it.
func KeepSettable(m proto.Message) { keep(m.ProtoReflect(), Settable) }

// KeepReturned clears every field that an answer may not hold, in m and in the messages in it.
func KeepReturned(m proto.Message) { keep(m.ProtoReflect(), Returned) }

// Carry puts into m the fields of its own that no request may set, as they are in from, a
// message of the same type.
func Carry(m, from proto.Message) {
	to, src := m.ProtoReflect(), from.ProtoReflect()
	fields := to.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case Settable(f):
		case src.Has(f):
			to.Set(f, src.Get(f))
		default:
			to.Clear(f)
		}
	}
}

func keep(m protoreflect.Message, wanted func(protoreflect.FieldDescriptor) bool) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case !wanted(f):
			m.Clear(f)
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					keep(v.Message(), wanted)
					return true
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				keep(v.List().Get(i).Message(), wanted)
			}
		default:
			keep(v.Message(), wanted)
		}
		return true
	})
}

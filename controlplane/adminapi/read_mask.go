package adminapi

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// readMask names fields that answers hold.
var readMask = maskRules{"read_mask", func(f protoreflect.FieldDescriptor, _ bool) string {
	if !visibility.Returned(f) {
		return "is never in an answer"
	}
	return ""
}}

// reader gives the part of documents of one type that a read mask names.
type reader[T proto.Message] struct {
	fields [][]protoreflect.FieldDescriptor // nil: all of them
}

func newReader[T proto.Message](mask *fieldmaskpb.FieldMask) (reader[T], error) {
	paths := mask.GetPaths()
	if len(paths) == 0 {
		return reader[T]{}, nil
	}
	var doc T
	fields, err := readMask.fields(doc.ProtoReflect().Descriptor(), paths)
	return reader[T]{fields}, err
}

// wants reports whether the mask names one of the fields, or a part of it.
func (r reader[T]) wants(names ...protoreflect.Name) bool {
	return r.fields == nil || slices.ContainsFunc(r.fields, func(path []protoreflect.FieldDescriptor) bool {
		return slices.Contains(names, path[0].Name())
	})
}

// part is what the mask names of a document. It shares with it what it holds.
func (r reader[T]) part(doc T) T {
	if r.fields == nil {
		return doc
	}
	from := doc.ProtoReflect()
	to := from.New()
	for _, path := range r.fields {
		replaceField(to, from, path)
	}
	return to.Interface().(T)
}

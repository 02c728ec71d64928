package adminapi

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// updateRequest asks to update the one document in it.
type updateRequest interface {
	proto.Message
	GetUpdateMask() *fieldmaskpb.FieldMask
}

// whole holds the document that an update makes against the rules of its proto, which the
// part of it in the request could not be.
func (v *requestRules) whole(req updateRequest, doc proto.Message) error {
	as := proto.Clone(req).ProtoReflect()
	fields := as.Descriptor().Fields()
	as.Clear(fields.ByName("update_mask"))
	as.Set(fields.ByName(protoreflect.Name(placeOf(doc).field)), protoreflect.ValueOfMessage(doc.ProtoReflect()))
	return v.check(as.Interface())
}

// maskRules is what the paths of a mask must be.
type maskRules struct {
	field string // of the request
	// refuses says why a path to an existing field is no path of the mask; empty when it is one.
	refuses func(field protoreflect.FieldDescriptor, isTop bool) string
}

// updateMask names fields that a caller may set.
var updateMask = maskRules{"update_mask", func(f protoreflect.FieldDescriptor, isTop bool) string {
	if !visibility.Settable(f) || isTop && (f.Name() == "name" || f.Name() == "etag") {
		return "cannot be set by an update"
	}
	return ""
}}

// fields reads the paths of a mask for a document.
func (m maskRules) fields(md protoreflect.MessageDescriptor, paths []string) ([][]protoreflect.FieldDescriptor, error) {
	fields := make([][]protoreflect.FieldDescriptor, len(paths))
	var violations []errs.Violation
	for i, path := range paths {
		var fault string
		if fields[i], fault = m.path(md, path); fault != "" {
			violations = append(violations, errs.Violation{Field: m.field, Description: fault})
		}
	}
	if len(violations) > 0 {
		return nil, errs.Invalid(violations...)
	}
	return fields, nil
}

func (m maskRules) path(md protoreflect.MessageDescriptor, path string) (fields []protoreflect.FieldDescriptor, fault string) {
	at := md
	for name := range strings.SplitSeq(path, ".") {
		if len(fields) > 0 {
			last := fields[len(fields)-1]
			if last.IsList() || last.IsMap() {
				return nil, fmt.Sprintf("%q: %s can only be named as a whole", path, last.Name())
			}
			at = last.Message()
		}
		var f protoreflect.FieldDescriptor
		if at != nil {
			f = at.Fields().ByName(protoreflect.Name(name))
		}
		if f == nil {
			return nil, fmt.Sprintf("%q is no field of %s", path, md.Name())
		}
		if why := m.refuses(f, at == md); why != "" {
			return nil, fmt.Sprintf("%q %s", path, why)
		}
		fields = append(fields, f)
	}
	return fields, ""
}

// replaceField makes one field of a document as it is in another.
func replaceField(to, from protoreflect.Message, path []protoreflect.FieldDescriptor) {
	last := path[len(path)-1]
	for _, f := range path[:len(path)-1] {
		from = from.Get(f).Message()
	}
	for _, f := range path[:len(path)-1] {
		if !to.Has(f) && !from.Has(last) {
			return // it is unset in both
		}
		to = to.Mutable(f).Message()
	}
	if from.Has(last) {
		to.Set(last, from.Get(last))
	} else {
		to.Clear(last)
	}
}

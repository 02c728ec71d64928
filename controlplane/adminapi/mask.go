package adminapi

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// updateRequest asks to update the one document in it.
type updateRequest interface {
	proto.Message
	GetUpdateMask() *fieldmaskpb.FieldMask
}

// update replaces doc, the document in req, or what the mask of req names of it, and returns
// the resource as it now is.
func (v *validation) update(ctx context.Context, live Live, req updateRequest, doc proto.Message) (*controlplane.Resource, error) {
	paths := req.GetUpdateMask().GetPaths()
	if len(paths) == 0 {
		updated, err := live.Update(ctx, caller(ctx).actor(), doc)
		return updated, inRequest(err, doc)
	}
	fields, err := maskFields(doc.ProtoReflect().Descriptor(), paths)
	if err != nil {
		return nil, err
	}
	updated, err := live.Patch(ctx, caller(ctx).actor(), doc, func(present proto.Message) error {
		for _, path := range fields {
			replaceField(present.ProtoReflect(), doc.ProtoReflect(), path)
		}
		return v.whole(req, present)
	})
	return updated, inRequest(err, doc)
}

// whole holds the document that an update makes against the rules of its proto, which the
// part of it in the request could not be.
func (v *validation) whole(req updateRequest, doc proto.Message) error {
	as := proto.Clone(req).ProtoReflect()
	fields := as.Descriptor().Fields()
	as.Clear(fields.ByName("update_mask"))
	as.Set(fields.ByName(protoreflect.Name(placeOf(doc).field)), protoreflect.ValueOfMessage(doc.ProtoReflect()))
	return v.check(as.Interface())
}

// maskFields reads the paths of a mask for a document.
func maskFields(md protoreflect.MessageDescriptor, paths []string) ([][]protoreflect.FieldDescriptor, error) {
	fields := make([][]protoreflect.FieldDescriptor, len(paths))
	var violations []errs.Violation
	for i, path := range paths {
		var fault string
		if fields[i], fault = maskField(md, path); fault != "" {
			violations = append(violations, errs.Violation{Field: "update_mask", Description: fault})
		}
	}
	if len(violations) > 0 {
		return nil, errs.Invalid(violations...)
	}
	return fields, nil
}

func maskField(md protoreflect.MessageDescriptor, path string) (fields []protoreflect.FieldDescriptor, fault string) {
	at := md
	for name := range strings.SplitSeq(path, ".") {
		if len(fields) > 0 {
			last := fields[len(fields)-1]
			if last.IsList() || last.IsMap() {
				return nil, fmt.Sprintf("%q: %s is replaced as a whole", path, last.Name())
			}
			at = last.Message()
		}
		var f protoreflect.FieldDescriptor
		if at != nil {
			f = at.Fields().ByName(protoreflect.Name(name))
		}
		switch {
		case f == nil:
			return nil, fmt.Sprintf("%q is no field of %s", path, md.Name())
		case !visibility.Settable(f) || at == md && (name == "name" || name == "etag"):
			return nil, fmt.Sprintf("%q cannot be set by an update", path)
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

package cli

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/output"
)

// maskName is the field that says what of a resource an update replaces.
const maskName = "update_mask"

// readMaskName is the field that says which fields an answer holds.
const readMaskName = "read_mask"

// etagName is the field that says on what state of a resource an update is based.
const etagName = "etag"

// filterName is the field that says which ones are meant.
const filterName = "filter"

// shape is what a method's messages say about how its command is used.
type shape struct {
	// resource is the one message in a create or update request; its fields
	// become flags without a prefix. Nil when the request's own fields do.
	resource protoreflect.FieldDescriptor
	// arg is the field of the resource, or else of the request, that the
	// positional argument sets, or all of them when it is a list. Nil when there is none.
	arg protoreflect.FieldDescriptor

	items               protoreflect.FieldDescriptor // the list in the answer of a list method
	pageSize, pageToken protoreflect.FieldDescriptor // nil when the list comes whole
	nextPageToken       protoreflect.FieldDescriptor
	endless             bool // the list is a log that grows without end
}

func shapeOf(m Method) shape {
	in, out := m.in.Descriptor(), m.out.Descriptor()
	s := shape{resource: onlyMessage(in)}
	if lists(in) {
		s.items = output.Items(out)
		s.pageSize, s.pageToken = in.Fields().ByName("page_size"), in.Fields().ByName("page_token")
		s.nextPageToken = out.Fields().ByName("next_page_token")
		s.endless = in.Fields().ByName("start_time") != nil || in.Fields().ByName(filterName) != nil
		s.arg = in.Fields().ByName("names")
		return s
	}
	if s.resource != nil {
		in = s.resource.Message()
	}
	s.arg = identifier(in)
	return s
}

// lists reports whether a method gives a list: it says so, or comes in pages.
func lists(in protoreflect.MessageDescriptor) bool {
	return strings.HasPrefix(string(in.Name()), "List") || in.Fields().ByName("page_token") != nil
}

func (s shape) paged() bool {
	return s.items != nil && s.pageSize != nil && s.pageToken != nil && s.nextPageToken != nil
}

// identifier is the field that says which one is meant: name, for what has no name id, and
// for what has neither its number among the revisions.
func identifier(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	for _, name := range []protoreflect.Name{"name", "id"} {
		if f := md.Fields().ByName(name); f != nil && f.Kind() == protoreflect.StringKind && !f.IsList() {
			return f
		}
	}
	if f := md.Fields().ByName("revision"); f != nil && f.Kind() == protoreflect.Uint64Kind {
		return f
	}
	return nil
}

// onlyMessage gives the field of a message that holds one other message and nothing else,
// but for a mask.
func onlyMessage(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	for i := range md.Fields().Len() {
		if f := md.Fields().Get(i); f.Name() != maskName && (messageField(md) != f || f.Name() == filterName) {
			return nil
		}
	}
	return messageField(md)
}

// messageField gives the first field that holds one message of the API's own, or nil.
func messageField(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	for i := range md.Fields().Len() {
		f := md.Fields().Get(i)
		if f.Message() != nil && !f.IsList() && !f.IsMap() && f.Message().ParentFile().Package() != "google.protobuf" {
			return f
		}
	}
	return nil
}

// unwrap gives the resource in an answer, or the answer itself when it holds more or something else.
func unwrap(answer proto.Message) proto.Message {
	m := answer.ProtoReflect()
	f := onlyMessage(m.Descriptor())
	if f == nil {
		return answer
	}
	return m.Get(f).Message().Interface()
}

// Package manifest reads and writes the declarative form of the configuration: YAML
// documents, each a `kind:` and the fields of the admin API's message of that name in
// snake_case. It walks protobuf descriptors: a kind that is added to the admin API's
// Resource message needs no code here.
//
// Durations are written as 30s, 5m or 1h30m, times as 2027-01-01T00:00:00Z, money and
// other strings as they are, so that 0.15 never passes through floating point. ${NAME} in
// a value stands for an environment variable, $${ for the characters ${ themselves. JSON
// is read too. A document may be a list of documents.
package manifest

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// kindField says of which kind a document is; no message has a field of this name.
const kindField = "kind"

// newMessage makes an empty message of a kind: of one that Resource can hold.
func newMessage(kind string) (proto.Message, bool) {
	resource := (&adminv1.Resource{}).ProtoReflect()
	fields := specs()
	for i := range fields.Len() {
		if string(fields.Get(i).Message().Name()) == kind {
			return resource.NewField(fields.Get(i)).Message().Interface(), true
		}
	}
	return nil, false
}

// kinds lists the kinds in alphabetical order.
func kinds() (names []string) {
	fields := specs()
	for i := range fields.Len() {
		names = append(names, string(fields.Get(i).Message().Name()))
	}
	slices.Sort(names)
	return names
}

func specs() protoreflect.FieldDescriptors {
	return (&adminv1.Resource{}).ProtoReflect().Descriptor().Oneofs().ByName("spec").Fields()
}

// written reports whether Write writes the field. What the control plane fills in is read,
// since people paste what the API answered, and left out when written; so is the etag, which
// would be old by the time the file is applied.
func written(f protoreflect.FieldDescriptor) bool {
	return f.Name() != "etag" && visibility.Settable(f)
}

// wellKnown are the messages that are written as one scalar.
const (
	durationName  protoreflect.FullName = "google.protobuf.Duration"
	timestampName protoreflect.FullName = "google.protobuf.Timestamp"
)

package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// encode gives a document its stored form. protojson varies its white space on purpose;
// compacted, equal documents have equal text.
func encode(doc proto.Message) (string, error) {
	loose, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(doc)
	if err != nil {
		return "", err
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, loose); err != nil {
		return "", err
	}
	return tight.String(), nil
}

// decode reads a document's stored form. Fields that a newer version added are skipped.
func decode(kind controlplane.Kind, text string) (proto.Message, error) {
	doc := kind.New()
	if doc == nil {
		return nil, errs.Newf(errs.FailedPrecondition, "the database contains a resource of kind %q, which this version does not know", kind)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(text), doc); err != nil {
		return nil, fmt.Errorf("decode a stored %s: %w", kind, err)
	}
	return doc, nil
}

// canonical returns the document as every reader of the database will see it, so that
// the configuration of the replica that wrote it is the same as that of the others. It
// shares nothing with doc.
func canonical(kind controlplane.Kind, doc proto.Message) (proto.Message, error) {
	want := kind.New()
	if want == nil {
		return nil, errs.Newf(errs.InvalidArgument, "unknown kind of resource: %q", kind)
	}
	if got := doc.ProtoReflect().Descriptor().FullName(); got != want.ProtoReflect().Descriptor().FullName() {
		return nil, errs.Newf(errs.InvalidArgument, "a %s cannot hold a %s", kind, got.Name())
	}
	doc = proto.Clone(doc)
	controlplane.Visit(doc.ProtoReflect(), func(m protoreflect.Message) {
		if t, ok := m.Interface().(*timestamppb.Timestamp); ok {
			t.Nanos -= t.Nanos % 1000 // microseconds, like every time in the database
		}
	})
	text, err := encode(doc)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArgument, err, fmt.Sprintf("the %s cannot be stored: it holds text that is not UTF-8 or a time out of range", kind))
	}
	return decode(kind, text)
}

package config

import (
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// Public gives the document as callers of the API may see it: a copy with uid, etag and
// times filled in, and without secrets, their references and hashes.
func Public(r *controlplane.Resource) proto.Message {
	doc := stripped(r.Spec)
	visibility.KeepReturned(doc)
	m := doc.ProtoReflect()
	setField(m, "uid", protoreflect.ValueOfString(r.UID))
	setField(m, "etag", protoreflect.ValueOfString(etagOf(r)))
	if !r.CreatedAt.IsZero() {
		setField(m, "create_time", protoreflect.ValueOfMessage(timestamppb.New(r.CreatedAt).ProtoReflect()))
	}
	if !r.UpdatedAt.IsZero() {
		setField(m, "update_time", protoreflect.ValueOfMessage(timestamppb.New(r.UpdatedAt).ProtoReflect()))
	}
	return doc
}

// etagOf is the revision of the resource's last change.
func etagOf(r *controlplane.Resource) string { return strconv.FormatUint(uint64(r.Revision), 10) }

// ownFields are what a resource knows about itself; a stored document leaves them empty.
var ownFields = [...]protoreflect.Name{"uid", "etag", "create_time", "update_time"}

// stripped copies doc without ownFields.
func stripped(doc proto.Message) proto.Message {
	doc = proto.Clone(doc)
	m := doc.ProtoReflect()
	for _, name := range ownFields {
		if fd := m.Descriptor().Fields().ByName(name); fd != nil {
			m.Clear(fd)
		}
	}
	return doc
}

// setField sets a field if the kind has it; settings have no uid.
func setField(m protoreflect.Message, name protoreflect.Name, v protoreflect.Value) {
	if fd := m.Descriptor().Fields().ByName(name); fd != nil {
		m.Set(fd, v)
	}
}

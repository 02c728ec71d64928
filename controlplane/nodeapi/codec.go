package nodeapi

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that codec stands on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// sharedFrom is the size from which a snapshot is not copied, in bytes.
const sharedFrom = 16 << 10

// codec is protobuf, but for whole snapshots: their bytes are the same for every node, and
// are sent from where they are. Two hundred nodes that are sent 3.5 MB each must not cost
// two hundred copies. What goes over the wire is what protobuf would write.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(*nodev1.SyncResponse); ok && len(m.GetFull().GetSnapshotZstd()) >= sharedFrom {
		return marshalFull(m.GetFull())
	}
	return c.CodecV2.Marshal(v)
}

var (
	fullField     = (&nodev1.SyncResponse{}).ProtoReflect().Descriptor().Fields().ByName("full").Number()
	snapshotField = (&nodev1.Full{}).ProtoReflect().Descriptor().Fields().ByName("snapshot_zstd").Number()
)

// marshalFull writes a response with a whole snapshot as two pieces: everything else, and the
// snapshot, which is the last field of the last field.
func marshalFull(full *nodev1.Full) (mem.BufferSlice, error) {
	rest := full.ProtoReflect().New()
	full.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Number() != snapshotField {
			rest.Set(field, value)
		}
		return true
	})
	inner, err := proto.Marshal(rest.Interface())
	if err != nil {
		return nil, err
	}
	snapshot := full.GetSnapshotZstd()
	inner = protowire.AppendTag(inner, snapshotField, protowire.BytesType)
	inner = protowire.AppendVarint(inner, uint64(len(snapshot)))
	head := protowire.AppendTag(nil, fullField, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(inner)+len(snapshot)))
	return mem.BufferSlice{mem.SliceBuffer(append(head, inner...)), mem.SliceBuffer(snapshot)}, nil
}

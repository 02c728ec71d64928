package nodeapi

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// whole is a snapshot with every field set, those that are added later too.
func whole(t *testing.T, size int) *nodev1.Full {
	t.Helper()
	full := &nodev1.Full{SnapshotZstd: bytes.Repeat([]byte("snapshot"), size/8)}
	m := full.ProtoReflect()
	for i := range m.Descriptor().Fields().Len() {
		field := m.Descriptor().Fields().Get(i)
		switch {
		case m.Has(field):
		case field.IsList() && field.Kind() == protoreflect.StringKind:
			m.Mutable(field).List().Append(protoreflect.ValueOfString("one"))
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(string(field.Name())))
		case field.Kind() == protoreflect.BytesKind:
			m.Set(field, protoreflect.ValueOfBytes([]byte(field.Name())))
		case field.Kind() == protoreflect.Uint64Kind:
			m.Set(field, protoreflect.ValueOfUint64(uint64(1000+i)))
		default:
			t.Fatalf("the test does not know how to set %s", field.FullName())
		}
	}
	return full
}

func TestSnapshotsAreSentFromWhereTheyAre(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 8, sharedFrom - 8, sharedFrom, 1 << 20} {
		m := &nodev1.SyncResponse{Message: &nodev1.SyncResponse_Full{Full: whole(t, size)}}
		buffers, err := newCodec().Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back := &nodev1.SyncResponse{}
		if err := proto.Unmarshal(buffers.Materialize(), back); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if diff := cmp.Diff(m, back, protocmp.Transform()); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", size, diff)
		}
		last := buffers[len(buffers)-1].ReadOnlyData()
		if shared := size >= sharedFrom; shared != (len(last) == size && size > 0 && &last[0] == &m.GetFull().GetSnapshotZstd()[0]) {
			t.Errorf("%d bytes are shared: %t, want %t", size, !shared, shared)
		}
	}
	other := &nodev1.SyncResponse{Message: &nodev1.SyncResponse_Drain{Drain: &nodev1.Drain{Draining: true}}}
	buffers, err := newCodec().Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	back := &nodev1.SyncResponse{}
	if err := newCodec().Unmarshal(buffers, back); err != nil || !back.GetDrain().GetDraining() {
		t.Errorf("another message comes back as %v, %v", back, err)
	}
}

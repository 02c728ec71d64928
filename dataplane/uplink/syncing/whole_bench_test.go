package syncing

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// BenchmarkAWholeSnapshot is what a node does with a snapshot of 100,000 API keys, but for unpacking it and writing it to its
// disk.
func BenchmarkAWholeSnapshot(b *testing.B) {
	s := &nodev1.Snapshot{Revision: 1, KeyPepper: []byte("pepper"), Groups: []*nodev1.Group{{Name: "group"}}}
	for i := range 100_000 {
		hash := sha256.Sum256(fmt.Append(nil, i))
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: fmt.Sprintf("key-%06d", i), Hash: hash[:], Groups: []string{"group"}})
	}
	raw, err := proto.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		snapshot, err := unpack(raw, nil)
		if err != nil {
			b.Fatal(err)
		}
		var next content
		if next.set, err = docset.Parse(raw, true, nil); err != nil {
			b.Fatal(err)
		}
		if err := next.withhold(snapshot, feature.Known(), nil); err != nil {
			b.Fatal(err)
		}
		if _, err := dataplane.Compile(snapshot); err != nil {
			b.Fatal(err)
		}
	}
}

package syncing

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A snapshot that is parsed in pieces is the one that was sent, wherever the pieces end, and
// one that was cut anywhere is refused or is what parsing it at once gives.
func TestUnpack(t *testing.T) {
	t.Parallel()
	want := &nodev1.Snapshot{Revision: 7, KeyPepper: []byte("pepper"), CorsOrigins: []string{"https://a.example"}}
	for i := range 2000 {
		want.ApiKeys = append(want.ApiKeys, &nodev1.ApiKey{Name: fmt.Sprintf("key-%d", i), Hash: make([]byte, 32), Groups: []string{"g"}})
	}
	want.Groups = append(want.Groups, &nodev1.Group{Name: "g", Aliases: []string{string(make([]byte, 3*piece))}})
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) < 5*piece {
		t.Fatalf("%d bytes are too few pieces", len(raw))
	}
	got, err := unpack(raw, nil)
	if err != nil || !proto.Equal(got, want) {
		t.Fatalf("unpacked something else, error %v", err)
	}
	for end := 0; end < len(raw); end += 997 {
		var whole nodev1.Snapshot
		wantErr := proto.Unmarshal(raw[:end], &whole)
		got, err := unpack(raw[:end], nil)
		if (err == nil) != (wantErr == nil) || err == nil && !proto.Equal(got, &whole) {
			t.Fatalf("cut at %d: error %v, at once %v", end, err, wantErr)
		}
	}
}

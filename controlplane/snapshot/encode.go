package snapshot

import (
	"crypto/sha256"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// MaxSize bounds a serialised snapshot, in bytes; nodes refuse a larger one.
const MaxSize = 32 << 20

// Encode makes the message that carries a snapshot to every node. Equal snapshots give
// equal hashes on every replica. The nonce is left for the stream to set.
func Encode(s *nodev1.Snapshot) (*nodev1.Full, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("snapshot has %d bytes, more than the %d that nodes take", len(raw), MaxSize)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compress snapshot: %w", err)
	}
	defer encoder.Close()
	sum := sha256.Sum256(raw)
	return &nodev1.Full{
		Revision:     s.GetRevision(),
		Sha256:       sum[:],
		SnapshotZstd: encoder.EncodeAll(raw, nil),
	}, nil
}

package syncing

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/trunkline-ai/trunkline/internal/pace"
)

// maxSnapshot bounds a snapshot before it is decoded, in bytes.
const maxSnapshot = 32 << 20

// inflated is how much is decompressed in one step, in bytes.
const inflated = 64 << 10

// inflate decompresses what may not be larger than a snapshot. sum, which may be nil, gets all of it.
func inflate(compressed []byte, sum hash.Hash, p *pace.Pace) ([]byte, error) {
	failed := func(err error) error { return fmt.Errorf("decompress snapshot: %w", err) }
	decoder, err := zstd.NewReader(bytes.NewReader(compressed),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSnapshot), zstd.WithDecoderMaxWindow(maxSnapshot))
	if err != nil {
		return nil, failed(err)
	}
	defer decoder.Close()
	raw := make([]byte, 0, room(compressed))
	for {
		if len(raw) == cap(raw) {
			raw = append(raw, 0)[:len(raw)]
		}
		n, err := decoder.Read(raw[len(raw):min(cap(raw), len(raw)+inflated)])
		if sum != nil {
			sum.Write(raw[len(raw) : len(raw)+n])
		}
		raw = raw[:len(raw)+n]
		switch {
		case len(raw) > maxSnapshot, errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
			return nil, fmt.Errorf("snapshot is larger than %d bytes", maxSnapshot)
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, failed(err)
		}
		p.Step()
	}
}

// room is how much memory what was compressed will need: what its first frame says of itself, and a byte to find
// the end.
func room(compressed []byte) int {
	var h zstd.Header
	if h.Decode(compressed) != nil || !h.HasFCS {
		return inflated
	}
	return int(min(h.FrameContentSize, maxSnapshot)) + 1
}

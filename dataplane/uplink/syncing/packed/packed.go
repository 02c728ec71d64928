// Package packed unpacks snapshots and changes, which are compressed with zstd as they are sent and kept.
package packed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/trunkline-ai/trunkline/internal/pace"
)

// Most is how large a snapshot may be, in bytes.
const Most = 32 << 20

// piece is how much is decompressed in one step, in bytes.
const piece = 64 << 10

// Inflate decompresses what may not be larger than a snapshot. sum, which may be nil, gets all of it.
func Inflate(compressed []byte, sum hash.Hash, p *pace.Pace) ([]byte, error) {
	failed := func(err error) error { return fmt.Errorf("decompress snapshot: %w", err) }
	decoder, err := zstd.NewReader(bytes.NewReader(compressed),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(Most), zstd.WithDecoderMaxWindow(Most))
	if err != nil {
		return nil, failed(err)
	}
	defer decoder.Close()
	raw := make([]byte, 0, cmp.Or(Size(compressed), piece)+1)
	for {
		if len(raw) == cap(raw) {
			raw = append(raw, 0)[:len(raw)]
		}
		n, err := decoder.Read(raw[len(raw):min(cap(raw), len(raw)+piece)])
		if sum != nil {
			sum.Write(raw[len(raw) : len(raw)+n])
		}
		raw = raw[:len(raw)+n]
		switch {
		case len(raw) > Most, errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
			return nil, fmt.Errorf("snapshot is larger than %d bytes", Most)
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, failed(err)
		}
		p.Step()
	}
}

// Size is how many bytes a snapshot has that was compressed, if its first frame says so, else 0.
func Size(compressed []byte) int {
	var h zstd.Header
	if h.Decode(compressed) != nil || !h.HasFCS {
		return 0
	}
	return int(min(h.FrameContentSize, Most))
}

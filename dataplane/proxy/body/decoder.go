package body

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// lazyGzip reads the header of a gzip body only with its first bytes, so that opening waits
// for nothing.
type lazyGzip struct {
	src io.Reader
	z   *gzip.Reader
}

// Read gives decompressed bytes.
func (g *lazyGzip) Read(b []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.src)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("gzip: %w", err)
		}
		g.z = z
	}
	return g.z.Read(b)
}

// The memory of a zstd decoder: the window that the body asks for, at most zstdMax, and what it
// has beside that.
const (
	zstdMax  = 8 << 20
	zstdMore = 256 << 10
)

// lazyZstd takes the memory that a zstd body asks for when its first bytes come.
type lazyZstd struct {
	src     io.Reader
	share   *Share
	taken   int64
	decoder *zstd.Decoder
}

// Read gives decompressed bytes.
func (z *lazyZstd) Read(b []byte) (int, error) {
	if z.decoder == nil {
		if err := z.open(); err != nil {
			return 0, err
		}
	}
	return z.decoder.Read(b)
}

// open makes the decoder. Frames that follow may have no larger window than the first.
func (z *lazyZstd) open() error {
	start := make([]byte, zstd.HeaderMaxSize)
	n, err := io.ReadFull(z.src, start)
	start = start[:n]
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	window := uint64(zstdMax)
	var h zstd.Header
	if h.Decode(start) == nil && !h.Skippable {
		if window = max(h.WindowSize, zstd.MinWindowSize); h.SingleSegment {
			window = max(window, h.FrameContentSize)
		}
	}
	if window > zstdMax {
		return fmt.Errorf("zstd: %w", zstd.ErrWindowSizeExceeded)
	}
	need := int64(window) + zstdMore
	if err := z.share.take(need); err != nil {
		return err
	}
	z.taken = need
	z.decoder, err = zstd.NewReader(io.MultiReader(bytes.NewReader(start), z.src),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	return nil
}

// close gives the memory back.
func (z *lazyZstd) close() {
	if z.decoder != nil {
		z.decoder.Close()
	}
	if z.taken > 0 {
		z.share.Give(z.taken)
		z.taken = 0
	}
}

package syncing

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// What was compressed comes back whole, with its sum, whether its size is known before or not.
func TestInflate(t *testing.T) {
	t.Parallel()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := func(plain []byte) []byte { return encoder.EncodeAll(plain, nil) }
	streamed := func(plain []byte) []byte {
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		for len(plain) > 0 {
			n := min(len(plain), 1000)
			if _, err := w.Write(plain[:n]); err != nil {
				t.Fatal(err)
			}
			plain = plain[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for _, size := range []int{0, 1, inflated - 1, inflated, inflated + 1, 3 << 20, maxSnapshot} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(i * i >> 7)
		}
		for name, packed := range map[string][]byte{"whole": whole(plain), "streamed": streamed(plain), "in two frames": append(whole(plain[:size/3]), whole(plain[size/3:])...)} {
			sum := sha256.New()
			got, err := inflate(packed, sum, nil)
			if want := sha256.Sum256(plain); err != nil || !bytes.Equal(got, plain) || !bytes.Equal(sum.Sum(nil), want[:]) {
				t.Errorf("%d bytes, %s: %d bytes, %v", size, name, len(got), err)
			}
			if size < maxSnapshot {
				continue
			}
			if got, err := inflate(append(packed, whole([]byte{1})...), nil, nil); err == nil {
				t.Errorf("%s and a byte: %d bytes", name, len(got))
			}
			if got, err := inflate(packed[:len(packed)-1], nil, nil); err == nil {
				t.Errorf("%s, cut: %d bytes", name, len(got))
			}
		}
	}
}

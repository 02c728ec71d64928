package packed

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
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 3 << 20, Most} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(i * i >> 7)
		}
		for name, packed := range map[string][]byte{"whole": whole(plain), "streamed": streamed(plain), "in two frames": append(whole(plain[:size/3]), whole(plain[size/3:])...)} {
			first := size
			if name == "in two frames" {
				first = size / 3
			}
			if got := Size(packed); got != 0 && got != first || got == 0 && name == "whole" && size > piece { // small ones need not say it
				t.Errorf("%d bytes, %s: a size of %d", size, name, got)
			}
			sum := sha256.New()
			got, err := Inflate(packed, sum, nil)
			if want := sha256.Sum256(plain); err != nil || !bytes.Equal(got, plain) || !bytes.Equal(sum.Sum(nil), want[:]) {
				t.Errorf("%d bytes, %s: %d bytes, %v", size, name, len(got), err)
			}
			if size < Most {
				continue
			}
			if got, err := Inflate(append(packed, whole([]byte{1})...), nil, nil); err == nil {
				t.Errorf("%s and a byte: %d bytes", name, len(got))
			}
			if got, err := Inflate(packed[:len(packed)-1], nil, nil); err == nil {
				t.Errorf("%s, cut: %d bytes", name, len(got))
			}
		}
	}
}

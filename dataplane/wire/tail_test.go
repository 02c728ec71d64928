package wire

import (
	"bytes"
	"strings"
	"testing"
)

func TestUsageAtTheEndOfALongAnswer(t *testing.T) {
	t.Parallel()
	text := `{"data":["` + strings.Repeat(`\"usage\":{\"input_tokens\":1}`, 1000) + `"], "usage" : {"prompt_tokens":7,"total_tokens":7}}`
	for _, piece := range []int{1, 100, tailBytes - 1, tailBytes + 1, len(text)} {
		var end Tail
		for rest := []byte(text); len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := end.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if len(end.kept) > tailBytes || !bytes.HasSuffix([]byte(text), end.kept) {
			t.Fatalf("in pieces of %d: kept %d bytes", piece, len(end.kept))
		}
		if got, ok := end.Usage(); !ok || got.Input != 7 {
			t.Errorf("in pieces of %d: usage %+v %v", piece, got, ok)
		}
	}
}

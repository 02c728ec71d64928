package wire

import (
	"strings"
	"testing"
)

// A meter counts what Output counts, wherever the answer is cut into pieces.
func TestMeterCountsWhatOutputCounts(t *testing.T) {
	t.Parallel()
	e := &Endpoint{Lists: []string{"choices", "output", "content"}}
	for answer, want := range map[string]int64{
		`{"id":"x","model":"m","choices":[{"message":{"role":"assistant","content":"hello world"}}],"usage":null}`:                                                                        11,
		`{"choices" : [ {"message" : {"content" : "hi"}} ]}`:                                                                                                                              2,
		`{"choices":[{"message":{"content":"","reasoning":"hmm","reasoning_details":[{"type":"reasoning.text","text":"hmm"}]}}]}`:                                                         3,
		`{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","function":{"name":"look","arguments":"{\"a\":1}"}}]}}]}`:                                                         11,
		`{"choices":[{"message":{"content":"\u00e9 \ud83d\ude00 \n \"q\" \u4e2d é"}}]}`:                                                                                                   19,
		`{"choices":[{"message":{"content":[{"type":"text","text":"hello"}],"audio":{"data":"UklGRg","transcript":"hey"}}}]}`:                                                             8,
		`{"choices":[{"message":{"images":[{"image_url":{"url":"data:image/png;base64,` + strings.Repeat("A", 5000) + `"}}],"content":"ok"}}]}`:                                           2,
		`{"instructions":"be brief","tools":[{"name":"look","text":"x"}],"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],"text":{"format":{"name":"n"}}}`: 5,
		`{"content":[{"type":"thinking","thinking":"hmm"},{"type":"tool_use","id":"t","name":"look","input":{"where":["here"],"deep":{"er":"x"}}},{"type":"text","text":"hello"}]}`:       3 + 4 + 16 + 5,
		`{"choices":[{"message":{"content":"a{b[c"}},{"message":{"content":"d"}}],"note":{"content":"not this"}}`:                                                                         6,
		`{"choices":null,"note":[{"content":"not this"}]}`:                                                                                                                                0,
	} {
		if got := e.Output([]byte(answer)); got != want {
			t.Errorf("%.100s: Output is %d, want %d", answer, got, want)
		}
		for _, piece := range []int{1, 7, len(answer)} {
			m := NewMeter(e)
			for rest := answer; rest != ""; rest = rest[min(piece, len(rest)):] {
				if n, err := m.Write([]byte(rest[:min(piece, len(rest))])); n != min(piece, len(rest)) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := m.Output(); got != want {
				t.Errorf("%.100s in pieces of %d: %d, want %d", answer, piece, got, want)
			}
		}
	}
}

func FuzzMeter(f *testing.F) {
	f.Add([]byte(`{"choices":[{"message":{"content":"\u00e9\"","x":{"y":[1,null]}}}]}`))
	e := &Endpoint{Lists: []string{"choices"}}
	f.Fuzz(func(t *testing.T, answer []byte) {
		m := NewMeter(e)
		for i := range answer {
			_, _ = m.Write(answer[i : i+1])
		}
		if got := m.Output(); got < 0 || got > 2*int64(len(answer)) {
			t.Errorf("%d bytes of text in %d", got, len(answer))
		}
	})
}

package chat

import (
	"testing"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

func TestTextsAreJoined(t *testing.T) {
	t.Parallel()
	cited := []form.Citation{{URL: "u"}}
	for want, blocks := range map[string][]form.Block{
		"":                  {{Kind: form.Thought, Text: "t"}, {}},
		"a":                 {{}, {Text: "a"}},
		"a\n\nb\n\nc":       {{Text: "a"}, {Kind: form.Refusal, Text: "b"}, {}, {Text: "c"}},
		"a b c\n\nd\n\ne f": {{Text: "a "}, {Text: "b", Citations: cited}, {Text: " c"}, {Text: "d"}, {Kind: form.Thought}, {Text: "e "}, {Text: "f", Citations: cited}},
	} {
		if got := joined(blocks); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A client may send a text in as many pieces as it likes: what came before is not copied for each.
func TestJoinedCopiesNotAllTextForEachPiece(t *testing.T) {
	const n = 5000
	pieces := make([]form.Block, n)
	for i := range pieces {
		pieces[i] = form.Block{Text: "piece", Citations: []form.Citation{{}}}
	}
	if took := testing.AllocsPerRun(1, func() { joined(pieces) }); took > 100 {
		t.Errorf("%d pieces took memory %v times", n, took)
	}
}

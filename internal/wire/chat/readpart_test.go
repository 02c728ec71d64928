package chat

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

func TestThoughtsAreReadFromTheirDetails(t *testing.T) {
	t.Parallel()
	details := gjson.Parse(`[{"type":"reasoning.text","text":"a"},{"type":"reasoning.summary","summary":"b"},{"type":"reasoning.text","text":"c","signature":"s"},
		{"type":"reasoning.text","text":"d"},{"type":"reasoning.encrypted","data":"e"}]`)
	got := thoughts(details, "plain")
	if len(got) != 3 || got[0].Text != "abc" || got[0].Opaque.Raw != "s" || got[1].Text != "d" || got[1].Opaque != nil || got[2].Text != "" || got[2].Opaque.Raw != "e" {
		t.Errorf("got %+v", got)
	}
	got = thoughts(gjson.Parse(`[{"type":"reasoning.encrypted","data":"e"}]`), "plain")
	if len(got) != 1 || got[0].Text != "plain" || got[0].Kind != form.Thought {
		t.Errorf("got %+v", got)
	}
}

// A client may give back a thought in as many pieces as it likes: what came before is not copied for each.
func TestThoughtsCopyNotAllTextForEachPiece(t *testing.T) {
	const n = 5000
	details := gjson.Parse("[" + strings.Repeat(`{"type":"reasoning.text","text":"piece"},`, n) + "{}]")
	if took := testing.AllocsPerRun(1, func() { thoughts(details, "") }); took > 100 {
		t.Errorf("%d pieces took memory %v times", n, took)
	}
}

package form

import (
	"fmt"
	"testing"
)

func TestItemsOfOneSideAreMerged(t *testing.T) {
	t.Parallel()
	room := make([]Block, 1, 8) // of the request: nothing may be written behind its blocks
	room[0].Text = "a"
	items := []Item{
		{Role: User, Blocks: room}, {Role: User, Blocks: []Block{{Text: "b"}}}, {Role: User, Blocks: []Block{{Text: "c"}}},
		{Role: Assistant, Blocks: []Block{{Text: "d"}}}, {Role: System, Blocks: []Block{{Text: "e"}}}, {Role: System, Blocks: []Block{{Text: "f"}}},
		{Role: User, Name: "n", Blocks: []Block{{Text: "g"}}}, {Role: User, Blocks: []Block{{Text: "h"}}},
	}
	got := ""
	for _, item := range Merge(items, User, Assistant) {
		for _, b := range item.Blocks {
			got += b.Text
		}
		got += " "
	}
	if want := "abc d e f g h "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(items[0].Blocks) != 1 || room[:2][1].Text != "" {
		t.Error("the items themselves were changed")
	}
}

// A client may send as many items of one side as it likes: their blocks are not copied for each.
func TestMergeCopiesNotAllBlocksForEachItem(t *testing.T) {
	const n = 5000
	items := make([]Item, n)
	for i := range items {
		items[i].Blocks = []Block{{Text: fmt.Sprint(i)}}
	}
	if took := testing.AllocsPerRun(1, func() { Merge(items, User) }); took > 100 {
		t.Errorf("%d items took memory %v times", n, took)
	}
}

package gemini

import (
	"fmt"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

func TestCallsAndResultsFindEachOther(t *testing.T) {
	t.Parallel()
	c := newCallIDs()
	var got []string
	for _, given := range []string{"call_f_1", "", "", "x", "x"} {
		got = append(got, c.call("f", given))
	}
	if want := []string{"call_f_1", "call_f_0", "call_f_2", "x", "x"}; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	// Two functions whose names say the same in an id.
	if a, b := c.call("a.b", ""), c.call(form.Fit("a.b", 48), ""); a == b {
		t.Errorf("two calls have the id %q", a)
	}
	got = nil
	for _, given := range []string{"x", "", "theirs", "x", "x", "", "", "y"} {
		got = append(got, c.result("f", given))
	}
	if want := []string{"x", "call_f_1", "call_f_0", "x", "x", "call_f_2", "", "y"}; !slices.Equal(got, want) {
		t.Errorf("results %q, want %q", got, want)
	}
	if got := c.result("unknown", "z"); got != "z" {
		t.Errorf("a result of no call is of %q", got)
	}
}

// Each number that is tried for an id, and each call that is passed over for a result, is so once.
func TestCallIDsAreFoundInLinearTime(t *testing.T) {
	t.Parallel()
	const n = 3000
	c := newCallIDs()
	for i := range n {
		c.call("g", fmt.Sprintf("call_f_%d", i))
	}
	for i := range n {
		if got, want := c.call("f", ""), fmt.Sprintf("call_f_%d", n+i); got != want {
			t.Fatalf("call %d has the id %q, want %q", i, got, want)
		}
	}
	if c.next["f"] != 2*n {
		t.Errorf("%d numbers were tried for %d calls", c.next["f"], n)
	}
	for i := range n / 2 { // the later half, from the end
		if want := fmt.Sprintf("call_f_%d", 2*n-1-i); c.result("f", want) != want {
			t.Fatalf("no result for %q", want)
		}
	}
	for i := range n / 2 {
		if got, want := c.result("f", ""), fmt.Sprintf("call_f_%d", n+i); got != want {
			t.Fatalf("result %d is of %q, want %q", i, got, want)
		}
	}
	if q := c.waiting["f"]; c.result("f", "") != "" || q.head != len(q.ids) {
		t.Errorf("stands at %d of %d", q.head, len(q.ids))
	}
}

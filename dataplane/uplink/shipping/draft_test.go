package shipping

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Nothing of one call is left in the message of the next.
func TestADraftHoldsOneCallAtATime(t *testing.T) {
	t.Parallel()
	rates := &dataplane.Rates{Input: 100, Output: 200, PerCall: 300}
	usage := dataplane.Usage{Input: 10, Output: 20, ServiceTier: "flex"}
	attempt := dataplane.Attempt{
		Provider: "p", Model: "m", Credential: "c", Reason: "r", Keyword: "k", Usage: usage, Cost: 1, Rates: rates, FieldRules: []string{"a"},
		Translation: &dataplane.Translation{From: "chat", To: "messages", Dropped: []string{"x"}}, Retry: true, Status: 200, FirstToken: time.Second,
	}
	calls := []dataplane.Call{
		{ID: "1", Attempts: []dataplane.Attempt{attempt, {Provider: "q"}, attempt}, Usage: usage, Cost: 5, Said: dataplane.Said{User: "u", Metadata: map[string]string{"a": "b"}}, Skipped: []dataplane.Skipped{{Provider: "s"}}},
		{ID: "2", Attempts: []dataplane.Attempt{{Provider: "q", Usage: dataplane.Usage{Input: 3}}}},
		{},
		{ID: "3", Attempts: []dataplane.Attempt{{Provider: "a", Cost: 1, Rates: &dataplane.Rates{PerCall: 1}}, attempt}},
		{ID: "4", Attempts: []dataplane.Attempt{attempt, attempt, attempt, attempt}},
	}
	var d draft
	for range 2 {
		for _, c := range calls {
			if got, want := d.of(c), toCall(c); !proto.Equal(got, want) {
				t.Errorf("call %q is\n%v\nwant\n%v", c.ID, got, want)
			}
		}
	}
	if n := len(d.costs.all); n != 12 {
		t.Errorf("%d parts of costs are kept, want those of the call with most, 12", n)
	}
}

func TestWhatADraftAllocates(t *testing.T) {
	c := dataplane.Call{ID: "0190", Model: "m", Provider: "p", Attempts: []dataplane.Attempt{{Provider: "p", Cost: 1, Rates: &dataplane.Rates{Input: 1, PerCall: 1}, Usage: dataplane.Usage{Input: 1}}}}
	var d draft
	if got := testing.AllocsPerRun(100, func() { d.of(c) }); got > 1 {
		t.Errorf("%.1f allocations for the message of a call, want at most 1", got)
	}
}

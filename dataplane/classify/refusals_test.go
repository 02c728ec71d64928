package classify

import (
	"testing"

	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// The words of real providers are taken for what they mean, and nothing is learned or held beyond that.
func TestRefusalsOfProviders(t *testing.T) {
	t.Parallel()
	all := outcometest.Refusals(t)
	if len(all) < 200 {
		t.Errorf("%d refusals were found", len(all))
	}
	for _, r := range all {
		t.Run(r.From+"/"+r.What, func(t *testing.T) {
			t.Parallel()
			got := Status(r.Status, r.Header(), []byte(r.Body), r.Model, outcometest.RefusalTime)
			if r.Status == 200 {
				var is bool
				if got, is = ErrorBody([]byte(r.Body), r.Model); !is {
					t.Fatal("taken for an answer")
				}
			}
			type verdict struct {
				outcome, parameter              string
				unconfirmed, uncounted, foreign bool
			}
			is := verdict{got.Outcome.String(), got.Parameter, got.Unconfirmed, got.Uncounted, got.Foreign}
			want := verdict{r.Outcome, r.Parameter, r.Unconfirmed, r.Uncounted, r.Foreign}
			if is != want || got.Wait != r.Wait {
				t.Errorf("%d %s\ngot %+v, wait %s\nwant %+v, wait %s (%s)", r.Status, r.Body, is, got.Wait, want, r.Wait, got.Reason)
			}
		})
	}
}

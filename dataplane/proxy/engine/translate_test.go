package engine

import (
	"io"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// A translated request that does not say clearly for which model it is goes nowhere where it is to be
// edited: without the edits it would not be what the target's rules make of it.
func TestAnUnclearTranslationIsNotSent(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"model":"a","x":1}`:             false,
		`{"x":1}`:                         true,
		`{"model":"a","x":1,"model":"b"}`: true,
		`{"model":"a","x":1`:              true,
	} {
		a := &outgoing{
			req:         &Request{},
			target:      &dataplane.Target{ModelJSON: []byte(`"a"`)},
			endpoint:    &wire.Endpoint{},
			translation: &translation{body: []byte(body)},
			edits:       []scan.Edit{{At: scan.Span{Start: 1, End: 1}, With: []byte(`"rule":true,`)}},
		}
		v, refused := a.address()
		if refused != want || refused && v.Outcome != dataplane.NotTranslatable {
			t.Errorf("%s: refused %v, %v", body, refused, v)
		}
		if refused {
			continue
		}
		if sent, err := io.ReadAll(a.spliced().Reader()); err != nil || string(sent) != `{"rule":true,`+body[1:] {
			t.Errorf("%s: sent %s, %v", body, sent, err)
		}
	}
}

// approximating is a dialect that has to say everything in another way.
type approximating struct{ form.Codec }

func (approximating) WriteRequest(_ *form.Request, _ form.Target, l *form.Losses) ([]byte, error) {
	l.Approximate("thinking")
	return []byte(`{}`), nil
}

// Whenever a request is written, and be it once more, the policy of the group holds.
func TestNothingIsApproximatedWhereThePolicyIsStrict(t *testing.T) {
	t.Parallel()
	for mode, want := range map[dataplane.TranslationMode]string{dataplane.TranslateStrict: "thinking", dataplane.TranslateAllowed: ""} {
		writes := &translator{req: &Request{Group: &dataplane.Group{Members: []*dataplane.Member{{Policy: &dataplane.Policy{Translation: mode}}}}}}
		var losses form.Losses
		body, why := writes.write(&wire.Endpoint{Codec: approximating{}}, form.Target{}, &losses)
		if (why != nil) != (want != "") || why != nil && (why.param != want || body != nil) || !slices.Equal(losses.Approximated, []string{"thinking"}) {
			t.Errorf("%v: %s, refused %v", mode, body, why)
		}
	}
}

func TestTheSizeOfTheFormCountsWhatIsSmall(t *testing.T) {
	t.Parallel()
	for body, more := range map[string]int64{
		`{}`: objectSize, `{"a":1,"b":[{},{}]}`: 3*objectSize + 2*memberSize, `{"a":"{,\\\",{"}`: objectSize, `["`: 0, `"\`: 0,
	} {
		if got, want := formSize([]byte(body)), int64(len(body))+more; got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
}

package api

import (
	"errors"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/wire/codecs"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// The table of codecs that both planes use is the one of the APIs.
func TestTheCodecsAreThoseOfTheAPIs(t *testing.T) {
	t.Parallel()
	for _, e := range Conversations {
		if codecs.Of(e.API) != e.Codec {
			t.Errorf("%s: %v and %v", e.API, codecs.Of(e.API), e.Codec)
		}
	}
	if codecs.Of("klingon") != nil || len(Conversations) != 4 {
		t.Error("other than four dialects")
	}
}

// Where a group is strict, a request that would be approximated is refused for that, in every direction; what is dropped
// or said as it is changes nothing.
func TestStrictRefusesWhateverIsApproximated(t *testing.T) {
	t.Parallel()
	refused, dropped := map[string]int{}, map[string]int{}
	for _, client := range everyCodec() {
		for _, path := range files(t, client, "request") {
			q, err := client.ReadRequest(content(t, path))
			if err != nil {
				t.Fatal(err)
			}
			for _, provider := range everyCodec() {
				pair := client.Name() + " -> " + provider.Name()
				var loose, strict form.Losses
				want, looseErr := codecs.Write(provider, q, target(provider), false, &loose)
				got, strictErr := codecs.Write(provider, q, target(provider), true, &strict)
				why, isRefused := errors.AsType[*form.Refused](strictErr)
				switch {
				case looseErr != nil:
					if strictErr == nil || strictErr.Error() != looseErr.Error() {
						t.Errorf("%s %s: %v, strict %v", pair, nameOf(path), looseErr, strictErr)
					}
				case len(loose.Approximated) > 0:
					refused[pair]++
					if !isRefused || why.Param != loose.Approximated[0] {
						t.Errorf("%s %s: approximated %q, strict %v", pair, nameOf(path), loose.Approximated, strictErr)
					}
				default:
					if len(loose.Dropped) > 0 {
						dropped[pair]++
					}
					if strictErr != nil || string(got) != string(want) || !slices.Equal(strict.Dropped, loose.Dropped) {
						t.Errorf("%s %s: strict %v, dropped %q", pair, nameOf(path), strictErr, strict.Dropped)
					}
				}
			}
		}
	}
	for _, client := range everyCodec() {
		for _, provider := range everyCodec() {
			if pair := client.Name() + " -> " + provider.Name(); client != provider && refused[pair] == 0 {
				t.Errorf("%s: no request shows what is approximated", pair)
			}
		}
	}
	if len(dropped) < 6 {
		t.Errorf("what is only dropped was seen in %v alone", dropped)
	}
}

package adminapi

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	filter := calllog.Filter{Group: "g", Status: 429, From: time.UnixMicro(1).UTC(), Limit: 51}
	at := calllog.Position{StartUS: 1_760_000_000_000_123, ID: "0199c2f4-7a51-7d3e-8d2b-2f4a5f6e7a8b"}
	token := encodeCursor(filter, at)
	filter.Limit = 7 // the size of a page may change on the way
	got, err := decodeCursor(filter, token)
	if err != nil || got != at {
		t.Fatalf("decodeCursor = %+v, %v; want %+v", got, err, at)
	}
}

func TestCursorOfOtherFiltersIsRefused(t *testing.T) {
	t.Parallel()
	filter := calllog.Filter{Group: "g", Provider: "p"}
	token := encodeCursor(filter, calllog.Position{StartUS: 5, ID: "id"})
	for name, other := range map[string]calllog.Filter{
		"none":              {},
		"values swapped":    {Group: "p", Provider: "g"},
		"another field":     {Group: "g", APIKey: "p"},
		"border moved":      {Group: "gp"},
		"one more":          {Group: "g", Provider: "p", Outcome: "ok"},
		"attempt outcome":   {Group: "g", Provider: "p", AttemptOutcome: "ok"},
		"status":            {Group: "g", Provider: "p", Status: 200},
		"from":              {Group: "g", Provider: "p", From: time.Unix(0, 0)},
		"to":                {Group: "g", Provider: "p", To: time.Unix(0, 0)},
		"failed":            {Group: "g", Provider: "p", Failed: true},
		"failed over":       {Group: "g", Provider: "p", FailedOver: true},
		"cost":              {Group: "g", Provider: "p", MinCost: 1},
		"from a nanosecond": {Group: "g", Provider: "p", From: time.Unix(0, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if at, err := decodeCursor(other, token); errs.CodeOf(err) != errs.InvalidArgument || err == nil {
				t.Errorf("decodeCursor = %+v, %v; want an invalid argument", at, err)
			}
		})
	}
}

func FuzzCursor(f *testing.F) {
	filter := calllog.Filter{Group: "g"}
	digest := filterDigest(filter)
	f.Add(encodeCursor(filter, calllog.Position{StartUS: 1, ID: "x"}))
	f.Add("")
	f.Add("AAAA")
	f.Add(base64.RawURLEncoding.EncodeToString(append(digest[:], "12345678\x00\x01"...)))
	f.Fuzz(func(t *testing.T, token string) {
		at, err := decodeCursor(filter, token)
		if err != nil {
			if errs.CodeOf(err) != errs.InvalidArgument {
				t.Errorf("decodeCursor(%q) = %v, want an invalid argument", token, err)
			}
			return
		}
		if !storable(at.ID) || len(at.ID) > maxCursorID {
			t.Errorf("decodeCursor(%q) let the id %q through", token, at.ID)
		}
	})
}

package dataplane

import (
	"strings"
	"testing"
)

const goodParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestParseTrace(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		parents []string
		ok      bool
		sampled bool
	}{
		"good":                           {[]string{goodParent}, true, true},
		"not sampled":                    {[]string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}, true, false},
		"other flags":                    {[]string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe"}, true, false},
		"a later version":                {[]string{"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"}, true, true},
		"a later version, run on":        {[]string{"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more"}, false, false},
		"version 00 with more":           {[]string{goodParent + "-more"}, false, false},
		"no version":                     {[]string{"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, false, false},
		"none":                           {nil, false, false},
		"empty":                          {[]string{""}, false, false},
		"two":                            {[]string{goodParent, goodParent}, false, false},
		"upper case":                     {[]string{strings.ToUpper(goodParent)}, false, false},
		"no trace":                       {[]string{"00-00000000000000000000000000000000-b7ad6b7169203331-01"}, false, false},
		"no span":                        {[]string{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}, false, false},
		"a digit that is none":           {[]string{"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01"}, false, false},
		"too short":                      {[]string{goodParent[:54]}, false, false},
		"other separators":               {[]string{strings.ReplaceAll(goodParent, "-", "_")}, false, false},
		"a header that is not ASCII":     {[]string{strings.Repeat("é", 28)}, false, false},
		"spaces around what would do so": {[]string{" " + goodParent}, false, false},
	} {
		got, ok := ParseTrace(tt.parents, []string{"a=1"})
		if ok != tt.ok || got.Sampled != tt.sampled {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
		if ok && (got.ID.String() != "0af7651916cd43dd8448eb211c80319c" || got.Parent != SpanID{0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31} || got.State != "a=1") {
			t.Errorf("%s: %+v", name, got)
		}
		if !ok && got != (Trace{}) {
			t.Errorf("%s: %+v is left of it", name, got)
		}
	}
}

func TestTraceState(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
		"a=1,, b=2":                        "a=1,, b=2",
		"no member":                        "",
		"=1":                               "",
		"a=\x01":                           "",
		"a=é":                              "",
		"a=" + strings.Repeat("x", 511):    "",
		strings.Repeat("a=1,", 32) + "b=1": "",
		strings.Repeat("a=1,", 31) + "b=1": strings.Repeat("a=1,", 31) + "b=1",
	} {
		if got, ok := ParseTrace([]string{goodParent}, []string{state}); !ok || got.State != want {
			t.Errorf("%.40q gives %q", state, got.State)
		}
	}
	if got, _ := ParseTrace([]string{goodParent}, []string{"a=1", "b=2"}); got.State != "a=1,b=2" {
		t.Errorf("two headers give %q", got.State)
	}
}

func TestTraceHeader(t *testing.T) {
	t.Parallel()
	got, _ := ParseTrace([]string{goodParent}, nil)
	if h := got.Header(got.Parent); h != goodParent {
		t.Errorf("%s", h)
	}
	got.Sampled = false
	if h := got.Header(SpanID{1}); h != "00-0af7651916cd43dd8448eb211c80319c-0100000000000000-00" {
		t.Errorf("%s", h)
	}
}

func TestParsingATraceAllocatesNothing(t *testing.T) {
	parents, states := []string{goodParent}, []string{"a=1"}
	if got := testing.AllocsPerRun(100, func() {
		if _, ok := ParseTrace(parents, states); !ok {
			t.Fatal("not valid")
		}
	}); got > 0 {
		t.Errorf("%.1f allocations", got)
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add(goodParent, "a=1")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "a=1,b=2")
	f.Fuzz(func(t *testing.T, parent, state string) {
		got, ok := ParseTrace([]string{parent}, []string{state})
		if !ok {
			return
		}
		again, ok := ParseTrace([]string{got.Header(got.Parent)}, []string{got.State})
		if !ok || again != got {
			t.Errorf("%q %q: %+v becomes %+v", parent, state, got, again)
		}
	})
}

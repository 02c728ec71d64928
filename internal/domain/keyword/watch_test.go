package keyword

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func matchers(t *testing.T, keywords ...string) []*Matcher {
	t.Helper()
	var out []*Matcher
	for _, k := range keywords {
		pattern, isPattern := strings.CutPrefix(k, "re:")
		if isPattern {
			k = ""
		} else {
			pattern = ""
		}
		m, err := Compile(k, pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func TestWatchFindsAcrossPieces(t *testing.T) {
	t.Parallel()
	w := NewWatch(matchers(t, "model is overloaded", "re:over.+d$", "absent", "ÜBER", "re:(?i)MODEL"))
	var found []string
	for _, piece := range []string{"The mod", "el is ", "", "o", "verloade", "d", " overloaded", " ü", "ber"} {
		w.Add(piece, func(i int) { found = append(found, piece+":"+string(rune('0'+i))) })
	}
	if want := []string{"el is :4", "d:0", "d:1", "ber:3"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q: each once, as soon as it is there", found, want)
	}
}

func TestWatchLooksBackOnlySoFarForPatterns(t *testing.T) {
	t.Parallel()
	for filler, want := range map[int]bool{window - 100: true, window: false} {
		w := NewWatch(matchers(t, "re:(?s)begin.*end"))
		hit := false
		for _, piece := range []string{"begin", strings.Repeat("x", filler), "end"} {
			w.Add(piece, func(int) { hit = true })
		}
		if hit != want || len(w.recent) > window {
			t.Errorf("%d bytes between: hit %v, %d bytes kept", filler, hit, len(w.recent))
		}
	}
	// What comes in one piece is seen whole.
	w := NewWatch(matchers(t, "re:(?s)begin.*end"))
	hit := false
	w.Add("begin"+strings.Repeat("x", 3*window)+"end", func(int) { hit = true })
	if !hit {
		t.Error("a long piece was not searched whole")
	}
}

// However a text is cut, a keyword is found exactly when it is in the whole.
func FuzzWatch(f *testing.F) {
	f.Add("aab", "aaaab", 2)
	f.Add("Straße", "in der STRASSE, der straße", 5)
	f.Fuzz(func(t *testing.T, keyword, text string, cut int) {
		m, err := Compile(keyword, "")
		if err != nil || !utf8.ValidString(text) || cut < 1 {
			return
		}
		w := NewWatch([]*Matcher{m})
		hit := false
		runes := []rune(text)
		for len(runes) > 0 {
			n := min(cut, len(runes))
			w.Add(string(runes[:n]), func(int) { hit = true })
			runes = runes[n:]
		}
		if hit != m.Match(text) {
			t.Errorf("%q in pieces of %d of %q: %v", keyword, cut, text, hit)
		}
	})
}

// The worst body makes little text and no panic.
func FuzzText(f *testing.F) {
	f.Add([]byte(`{"a":"b\u0063","d":["e"]}`))
	f.Add([]byte(`{"a":"\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := Text(body); len(got) > 3*len(body)+8 {
			t.Fatalf("%d bytes of text from %d of body", len(got), len(body))
		}
	})
}

func TestInSample(t *testing.T) {
	t.Parallel()
	m := matchers(t, "too busy")[0]
	for sample, want := range map[string]bool{
		"": false, "I am too busy": true, `{"a":"too b\u0075sy"}`: true, `{"too busy":1}`: false,
		"data: {\"choices\":[{\"text\":\"too \"}]}\r\n\r\ndata: {\"choices\":[{\"text\":\"busy\"}]}\r\n": true,
		"data: {\"choices\":[{\"delta\":{\"content\":\"too\"}}]}\n":                                      false,
		"data: {\"error\":{\"message\":\"TOO BUSY\"}}\n":                                                 true,
		"data: too busy": true,
	} {
		if got := m.InSample(sample); got != want {
			t.Errorf("%q: %v", sample, got)
		}
	}
}

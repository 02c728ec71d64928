package dataplane

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CompileKeyword prepares a failure keyword: a keyword is found without regard to case in
// any script, a pattern is RE2 and minds case unless it says (?i). Exactly one of the two
// must be set. Matching takes time linear in the text. What would match every answer is
// refused.
func CompileKeyword(name, keyword, pattern string, count bool) (*Keyword, error) {
	switch {
	case keyword != "" && pattern != "":
		return nil, fmt.Errorf("keyword %q: both a keyword and a pattern are set", name)
	case pattern != "":
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("keyword %q: pattern: %w", name, err)
		}
		if re.MatchString("") {
			return nil, fmt.Errorf("keyword %q: the pattern matches the empty text, so every answer would fail", name)
		}
		return &Keyword{Name: name, Count: count, Match: re.MatchString}, nil
	}
	f, err := newFinder(keyword)
	if err != nil {
		return nil, fmt.Errorf("keyword %q: %w", name, err)
	}
	return &Keyword{Name: name, Count: count, Match: f.in}, nil
}

// finder looks for one text without regard to case: Knuth, Morris and Pratt's search over
// folded runes, so that no answer and no keyword makes it slow.
type finder struct {
	runes []rune
	back  []int // where to go on after a mismatch behind runes[i]
}

func newFinder(text string) (*finder, error) {
	f := &finder{}
	for _, r := range strings.TrimSpace(text) {
		f.runes = append(f.runes, fold(r))
	}
	if len(f.runes) == 0 {
		return nil, errors.New("neither a keyword nor a pattern is set")
	}
	f.back = make([]int, len(f.runes))
	for i, k := 1, 0; i < len(f.runes); i++ {
		k = f.step(k, f.runes[i])
		f.back[i] = k
	}
	return f, nil
}

// step gives how many runes match after one more, if k matched before it.
func (f *finder) step(k int, r rune) int {
	for k > 0 && f.runes[k] != r {
		k = f.back[k-1]
	}
	if f.runes[k] == r {
		k++
	}
	return k
}

// in reports whether the text holds the keyword.
func (f *finder) in(text string) bool {
	k := 0
	for i := 0; i < len(text); {
		var r rune
		if c := text[i]; c < utf8.RuneSelf {
			r = asciiFold[c]
			i++
		} else {
			var n int
			r, n = utf8.DecodeRuneInString(text[i:])
			r = fold(r)
			i += n
		}
		if k = f.step(k, r); k == len(f.runes) {
			return true
		}
	}
	return false
}

// fold maps all runes that differ only in case to one of them.
func fold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

var asciiFold = func() (t [utf8.RuneSelf]rune) {
	for i := range t {
		t[i] = fold(rune(i))
	}
	return t
}()

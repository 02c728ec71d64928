package keyword

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// scan goes on over a text, k runes being matched before it. It reports whether the keyword
// ends in the text, or else how many runes are matched at its end.
func (f *finder) scan(k int, text string) (matched int, found bool) {
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
			return 0, true
		}
	}
	return k, false
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

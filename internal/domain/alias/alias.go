// Package alias finds what a client means by a model's name: as it is written, else in any
// letter case, else by a pattern with one *. Nodes route by it, and the control plane explains
// and checks by it.
package alias

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Star stands for any text of at least one character in an alias, once.
const Star = "*"

// IsPattern reports whether an alias stands for more than itself.
func IsPattern(alias string) bool { return strings.Contains(alias, Star) }

// Fault says what is wrong with an alias; empty: nothing is.
func Fault(alias string) string {
	if strings.Count(alias, Star) > 1 {
		return "must hold at most one *"
	}
	return ""
}

// Fold gives names that differ in letter case alone the same text.
func Fold(name string) string {
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, name)
}

// Index finds values by names and patterns. The zero value is empty. Once filled it may be read
// by several at once.
type Index[T any] struct {
	exact    map[string]T
	folded   map[string]T
	patterns []pattern[T] // in the order in which they are tried
}

type pattern[T any] struct {
	before, after string // the star, folded
	value         T
}

// length is how much of a pattern is not the star.
func (p *pattern[T]) length() int { return len(p.before) + len(p.after) }

// AddName adds a name, which means itself, in any letter case.
func (x *Index[T]) AddName(name string, value T) {
	if x.exact == nil {
		x.exact, x.folded = map[string]T{}, map[string]T{}
	}
	x.exact[name] = value
	if folded := Fold(name); !x.has(folded) {
		x.folded[folded] = value
	}
}

func (x *Index[T]) has(folded string) bool {
	_, ok := x.folded[folded]
	return ok
}

// AddAlias adds an alias, which may be a pattern.
func (x *Index[T]) AddAlias(alias string, value T) {
	before, after, is := strings.Cut(Fold(alias), Star)
	if !is {
		x.AddName(alias, value)
		return
	}
	p := pattern[T]{before, after, value}
	at, _ := slices.BinarySearchFunc(x.patterns, p, func(a, b pattern[T]) int {
		return cmp.Or(cmp.Compare(b.length(), a.length()), cmp.Compare(len(b.before), len(a.before)), cmp.Compare(a.before, b.before), cmp.Compare(a.after, b.after))
	})
	x.patterns = slices.Insert(x.patterns, at, p)
}

// Find finds the value that a name means: exactly, else in another letter case, else by the
// pattern with the most characters, of equal ones that with the most before its star.
func (x *Index[T]) Find(name string) (value T, ok bool) {
	if value, ok = x.exact[name]; ok {
		return value, true
	}
	folded := Fold(name)
	if value, ok = x.folded[folded]; ok {
		return value, true
	}
	for i := range x.patterns {
		p := &x.patterns[i]
		if len(folded) > p.length() && strings.HasPrefix(folded, p.before) && strings.HasSuffix(folded, p.after) {
			return p.value, true
		}
	}
	return value, false
}

// Package plaintext says which texts people see whole: names that look the same are the same.
package plaintext

import (
	"strings"
	"unicode"
)

// Rule says in words what IsPlain asks for.
const Rule = "must be without control or invisible characters and without spaces at either end"

// IsPlain reports whether a text has no control characters, nothing that is invisible or turns the
// direction of writing, and no space at either end.
func IsPlain(s string) bool {
	return strings.TrimSpace(s) == s && !strings.ContainsFunc(s, hidden)
}

// hidden is a rune that shows nothing by itself: controls, zero-width and bidirectional ones, and
// the separators of lines and paragraphs. The rule of names in the protos is the same.
func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

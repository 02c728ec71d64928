package importer

import (
	"path"
	"slices"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// patterns are keywords and globs, in lower case.
type patterns []string

func newPatterns(written []string) patterns {
	p := make(patterns, len(written))
	for i, w := range written {
		p[i] = strings.ToLower(w)
	}
	return p
}

// match gives the first pattern that fits, or "".
func (p patterns) match(id string) string {
	id = strings.ToLower(id)
	for _, pattern := range p {
		if fits(pattern, id) {
			return pattern
		}
	}
	return ""
}

// fits reports whether a keyword is in id, or a glob matches all of it.
func fits(pattern, id string) bool {
	if !isGlob(pattern) {
		return strings.Contains(id, pattern)
	}
	return glob(pattern, id)
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

// glob matches the whole text; * is any text, slashes too, and ? one character. Its time
// is bounded by the product of the lengths: it goes back to the last * only.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, from := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	return !slices.ContainsFunc(p[i:], func(r rune) bool { return r != '*' })
}

// templated makes an alias of an id; "" when there is no template or it changes nothing.
func templated(t *adminv1.AliasTemplate, id string) string {
	if t == nil {
		return ""
	}
	name := id
	if t.GetStripVendor() {
		name = path.Base(id)
	}
	if t.GetLowerCase() {
		name = strings.ToLower(name)
	}
	name = t.GetPrefix() + name + t.GetSuffix()
	if name == id {
		return ""
	}
	return name
}

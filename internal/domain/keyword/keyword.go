// Package keyword finds failure keywords: text or patterns that make an answer count as
// failed. Nodes look for them in answers, the control plane tries them on stored calls;
// both must find the same, so both use this.
package keyword

import (
	"errors"
	"fmt"
	"regexp"
)

// Matcher finds one failure keyword. It is immutable and safe for concurrent use.
type Matcher struct {
	text    *finder
	pattern *regexp.Regexp // instead of text
}

// Compile prepares a failure keyword: a keyword is found without regard to case in any
// script, a pattern is RE2 and minds case unless it says (?i). Exactly one of the two
// must be set. Matching takes time linear in the text. What would match every answer is
// refused.
func Compile(keyword, pattern string) (*Matcher, error) {
	if pattern == "" {
		f, err := newFinder(keyword)
		if err != nil {
			return nil, err
		}
		return &Matcher{text: f}, nil
	}
	if keyword != "" {
		return nil, errors.New("both a keyword and a pattern are set")
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	if re.MatchString("") {
		return nil, errors.New("the pattern matches the empty string, so every response would fail")
	}
	return &Matcher{pattern: re}, nil
}

// Match reports whether the text holds the keyword.
func (m *Matcher) Match(text string) bool {
	if m.pattern != nil {
		return m.pattern.MatchString(text)
	}
	_, found := m.text.scan(0, text)
	return found
}

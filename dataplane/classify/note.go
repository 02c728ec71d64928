package classify

import (
	"strings"
	"unicode"
)

// Note makes one line of what a client says about its call: valid UTF-8 without control characters,
// at most so many bytes, cut between characters, and nothing that looks like a credential. Long
// words stay, unlike in a Reason: hashes are what many name their users by.
func Note(text string, most int) string {
	text = strings.ToValidUTF8(text[:min(len(text), 4*most)], "\uFFFD")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text))
	lower := strings.ToLower(text)
	for i := range secretForms {
		if s := &secretForms[i]; s.signs != nil && s.mayBeIn(lower) {
			text = s.form.ReplaceAllString(text, s.with)
		}
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.Clone(text) // it outlives what it was cut from, which may be large
}

// Package secretname guesses from the name and the value of a header or query parameter
// whether it is a secret.
package secretname

import "regexp"

var (
	names = regexp.MustCompile(`(?i)(key|token|secret|passw(or)?d|credentials?|signature|cookie|auth|authorization|^sig)([-_.]|$)`)
	// Key formats that vendors publish, schemes of an Authorization header, and JSON web tokens.
	values = regexp.MustCompile(`^((?i:bearer|basic|token) \S{4}|sk-|gsk_|xai-|hf_|AIza|ghp_|AKIA|eyJ)\S{8}`)
)

// Is reports whether a value of that name looks like a secret.
func Is(name, value string) bool { return names.MatchString(name) || values.MatchString(value) }

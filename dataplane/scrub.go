package dataplane

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
)

const (
	// A secret of fewer bytes is not looked for: it would be found in everyday words.
	minSecret = 6
	// From this length on a header's value without spaces is taken for a secret, whatever
	// its name says.
	maybeSecret = 16
)

var secretHeader = regexp.MustCompile(`(?i)key|auth|token|secret|password|credential|cookie|signature`)

// Scrub replaces the provider's own secrets in what it said by [redacted]: its credentials,
// and the values of configured headers that may be secret. It knows them by value, however
// they look; it gives b itself when there is none.
func (p *Provider) Scrub(b []byte) []byte {
	for _, s := range p.secrets {
		if bytes.Contains(b, s) {
			b = bytes.ReplaceAll(b, s, []byte(redacted))
		}
	}
	return b
}

// compileSecrets lists what Scrub looks for, longest first, as it is and as JSON writes it.
func (p *Provider) compileSecrets() {
	add := func(s string) {
		if len(s) < minSecret {
			return
		}
		p.secrets = append(p.secrets, []byte(s))
		if quoted, err := json.Marshal(s); err == nil && len(quoted) != len(s)+2 {
			p.secrets = append(p.secrets, quoted[1:len(quoted)-1])
		}
	}
	for _, c := range p.Credentials {
		add(c.Secret.Reveal())
	}
	for _, h := range p.Headers {
		if secretHeader.MatchString(h.Name) || len(h.Value) >= maybeSecret && !bytes.ContainsRune([]byte(h.Value), ' ') {
			add(h.Value)
		}
	}
	slices.SortFunc(p.secrets, func(a, b []byte) int { return len(b) - len(a) })
}

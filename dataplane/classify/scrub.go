package classify

import (
	"bytes"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Scrub replaces a provider's own secrets in what it said by [redacted]. It knows them by
// value, however they look; it gives b itself when there is none.
func Scrub(b []byte, secrets []dataplane.Secret) []byte {
	for _, s := range secrets {
		if text := []byte(s.Reveal()); bytes.Contains(b, text) {
			b = bytes.ReplaceAll(b, text, []byte(redacted))
		}
	}
	return b
}

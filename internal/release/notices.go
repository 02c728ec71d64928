package main

import (
	"fmt"
	"strings"
)

// writeNotices is the text that goes with the programs: who wrote what they contain, under which terms.
// A part without a licence is an error: nobody may pass it on.
func writeNotices(parts []part) (string, error) {
	var text strings.Builder
	text.WriteString("Trunkline contains the work of others, under the terms below.\n")
	for _, p := range parts {
		terms, err := p.terms()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "\n%s\n%s %s\n", strings.Repeat("=", 80), p.name, p.version)
		for _, t := range terms {
			fmt.Fprintf(&text, "%s\n\n%s\n", strings.Repeat("-", 80), strings.TrimSpace(t.text))
		}
		switch {
		case len(terms) > 0:
		case p.licence != "":
			// Some npm packages only declare theirs.
			fmt.Fprintf(&text, "%s\n\nLicence: %s\n", strings.Repeat("-", 80), p.licence)
		default:
			return "", fmt.Errorf("%s %s has no licence", p.name, p.version)
		}
	}
	return text.String(), nil
}

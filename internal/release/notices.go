package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// licenceFile is how files with a licence or a notice are called.
var licenceFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|unlicense)([._-].*)?$`)

// writeNotices is the text that goes with the programs: who wrote what they contain, under which terms.
// A part without a licence is an error: nobody may pass it on.
func writeNotices(parts []part) (string, error) {
	var text strings.Builder
	text.WriteString("Trunkline contains the work of others, under the terms below.\n")
	for _, p := range parts {
		files, err := os.ReadDir(p.dir)
		if err != nil {
			return "", fmt.Errorf("the licence of %s: %w", p.name, err)
		}
		found := false
		fmt.Fprintf(&text, "\n%s\n%s %s\n", strings.Repeat("=", 80), p.name, p.version)
		for _, file := range files {
			if file.IsDir() || !licenceFile.MatchString(file.Name()) || strings.HasSuffix(file.Name(), ".go") {
				continue
			}
			terms, err := os.ReadFile(filepath.Join(p.dir, file.Name()))
			if err != nil {
				return "", fmt.Errorf("the licence of %s: %w", p.name, err)
			}
			found = true
			fmt.Fprintf(&text, "%s\n\n%s\n", strings.Repeat("-", 80), strings.TrimSpace(string(terms)))
		}
		switch {
		case found:
		case p.licence != "":
			// Some npm packages only declare theirs.
			fmt.Fprintf(&text, "%s\n\nLicence: %s\n", strings.Repeat("-", 80), p.licence)
		default:
			return "", fmt.Errorf("%s %s has no licence", p.name, p.version)
		}
	}
	return text.String(), nil
}

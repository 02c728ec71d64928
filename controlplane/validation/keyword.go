package validation

import (
	"regexp"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkKeyword(d document, doc *adminv1.FailureKeyword) {
	checkName(d, doc.GetName())
	if doc.GetKeyword() != "" && strings.TrimSpace(doc.GetKeyword()) == "" {
		d.add("keyword", "must not be blank: nearly every response would fail")
	}
	if doc.GetPattern() == "" {
		return
	}
	re, err := regexp.Compile(doc.GetPattern())
	if err != nil {
		d.add("pattern", "is not an RE2 pattern: %v", err)
	} else if re.MatchString("") {
		d.add("pattern", "matches empty text, so every response would fail")
	}
}

// checkKeywords checks that failure keywords name providers and groups that exist.
func checkKeywords(c *controlplane.Config, found *report) {
	if !c.Changed(controlplane.KindProvider, controlplane.KindGroup, controlplane.KindFailureKeyword) {
		return
	}
	for r := range c.All(controlplane.KindFailureKeyword) {
		if doc, ok := r.Spec.(*adminv1.FailureKeyword); ok {
			checkScope(c, found.about(r), doc)
		}
	}
}

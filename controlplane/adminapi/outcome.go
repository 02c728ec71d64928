package adminapi

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// checkOutcome refuses an outcome that does not exist: a filter with a typo would find
// nothing, which looks like good news.
func checkOutcome(field, name string) []errs.Violation {
	if _, ok := outcome.Named(name); ok || name == "" {
		return nil
	}
	return []errs.Violation{{Field: "filter." + field, Description: "is no outcome; did you mean " + strings.Join(outcome.Nearest(name, 3), ", ") +
		"? It must be one of " + strings.Join(outcome.Names(), ", ")}}
}

package controlplane

import (
	"fmt"
	"strconv"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// maxFaults bounds the faults that one error lists.
const maxFaults = 100

// InvalidConfig is the error for a configuration with the given faults; nil when there are none.
func InvalidConfig(violations []errs.Violation) error {
	if len(violations) == 0 {
		return nil
	}
	e := &errs.Error{Code: errs.InvalidArgument, Message: "the configuration would not be valid", Violations: violations}
	if n := len(violations); n > maxFaults {
		e.Message += fmt.Sprintf(" (%d faults, these are the first %d)", n, maxFaults)
		e.Violations = violations[:maxFaults]
	}
	return e
}

// FieldPath is how errors and differences name a field: providers["p"].models[2].id.
func FieldPath(kind Kind, name, field string) string {
	path := DocumentPath(kind, name)
	if field == "" {
		return path
	}
	return path + "." + field
}

// DocumentPath is how they name a document.
func DocumentPath(kind Kind, name string) string {
	switch kind {
	case KindSettings:
		return "settings"
	case KindProvider:
		return "providers[" + strconv.Quote(name) + "]"
	case KindGroup:
		return "groups[" + strconv.Quote(name) + "]"
	case KindAPIKey:
		return "api_keys[" + strconv.Quote(name) + "]"
	case KindFailureKeyword:
		return "failure_keywords[" + strconv.Quote(name) + "]"
	case KindAlertChannel:
		return "alert_channels[" + strconv.Quote(name) + "]"
	}
	return string(kind)
}

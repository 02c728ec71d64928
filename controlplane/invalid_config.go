package controlplane

import (
	"fmt"

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

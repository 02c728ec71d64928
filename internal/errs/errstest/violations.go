// Package errstest reads errors in tests.
package errstest

import (
	"errors"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Violations are those of an invalid argument as "field: description"; none for no error.
func Violations(t testing.TB, err error) (list []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != errs.InvalidArgument {
		t.Fatalf("error %v, want InvalidArgument", err)
	}
	for _, v := range e.Violations {
		list = append(list, v.Field+": "+v.Description)
	}
	return list
}

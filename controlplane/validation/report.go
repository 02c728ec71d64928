package validation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// report collects faults while documents are checked in any order.
type report struct{ faults []fault }

type fault struct {
	of          *controlplane.Resource
	field, text string // field is relative to the document, empty for the document itself
}

// document is one of those that are checked, with the report on it.
type document struct {
	*controlplane.Resource
	report *report
}

func (r *report) about(of *controlplane.Resource) document { return document{of, r} }

// add reports a fault of a field.
func (d document) add(field, format string, args ...any) {
	d.report.faults = append(d.report.faults, fault{d.Resource, field, fmt.Sprintf(format, args...)})
}

// forgive drops what was found about one field.
func (d document) forgive(field string) {
	d.report.faults = slices.DeleteFunc(d.report.faults, func(f fault) bool { return f.of == d.Resource && f.field == field })
}

// err gives the faults as one error in the order of an export, or nil.
func (r *report) err() error {
	slices.SortStableFunc(r.faults, func(a, b fault) int {
		return cmp.Or(a.of.Kind.Compare(b.of.Kind), cmp.Compare(a.of.Name, b.of.Name))
	})
	violations := make([]errs.Violation, len(r.faults))
	for i, f := range r.faults {
		violations[i] = errs.Violation{Field: controlplane.FieldPath(f.of.Kind, f.of.Name, f.field), Description: f.text}
	}
	return controlplane.InvalidConfig(violations)
}

package importer

import (
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// choose gives the providers that names and globs mean, in name order. A name means its
// provider, whatever its state; a glob the enabled ones it matches, in either case of letters.
func choose(c *controlplane.Config, name string, more []string) ([]string, error) {
	asked := slices.DeleteFunc(append([]string{name}, more...), func(s string) bool { return s == "" })
	if len(asked) == 0 {
		return nil, errs.Invalid(errs.Violation{Field: "name", Description: "is required: the name of a provider, or a glob such as *"})
	}
	chosen := map[string]bool{}
	for _, a := range asked {
		if _, ok := c.Get(controlplane.KindProvider, a); ok {
			chosen[a] = true
			continue
		}
		found := false
		for _, r := range c.List(controlplane.KindProvider) {
			if p, _ := r.Spec.(*adminv1.Provider); isGlob(a) && controlplane.IsEnabled(p.Enabled) && glob(strings.ToLower(a), strings.ToLower(r.Name)) {
				chosen[r.Name], found = true, true
			}
		}
		switch {
		case !found && isGlob(a):
			return nil, errs.Newf(errs.NotFound, "no enabled provider matches %q", a)
		case !found:
			return nil, errs.Newf(errs.NotFound, "Provider %q does not exist", a)
		}
	}
	names := make([]string, 0, len(chosen))
	for n := range chosen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, nil
}

// given is a set of ids; nil for none, which means all.
func given(ids []string) map[string]bool {
	if len(ids) == 0 {
		return nil
	}
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// checkRules refuses rules that could not be saved.
func checkRules(rules *adminv1.ImportRules) error {
	var faults []errs.Violation
	controlplane.CheckPrice(rules.GetDefaultPrice(), func(field, reason string) {
		faults = append(faults, errs.Violation{Field: "rules.default_price." + field, Description: reason})
	})
	if len(faults) > 0 {
		return errs.Invalid(faults...)
	}
	for name, list := range map[string][]string{"include": rules.GetInclude(), "exclude": rules.GetExclude()} {
		for _, p := range list {
			if strings.TrimSpace(p) == "" {
				return errs.Invalid(errs.Violation{Field: "rules." + name, Description: "must not contain an empty keyword"})
			}
		}
	}
	return nil
}

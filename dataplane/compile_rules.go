package dataplane

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// readRules reads field rules, and refuses what makes no sense.
func readRules(in []*nodev1.FieldRule) (out []*fieldrule.Rule, err error) {
	for i, r := range in {
		rule, fault := fieldrule.New(fieldrule.Given{
			Field: r.GetField(), Action: r.GetAction(), To: r.GetTo(), Value: r.GetValue(), Endpoints: r.GetEndpoints(),
		})
		if fault != nil {
			return nil, fmt.Errorf("field_rules[%d]: %w", i, fault)
		}
		out = append(out, &rule)
	}
	return out, nil
}

// rulesByEndpoint sorts rules by the endpoints that they are for.
func rulesByEndpoint(rules []*fieldrule.Rule) Rules {
	if len(rules) == 0 {
		return nil
	}
	out := Rules{}
	for _, r := range rules {
		for _, e := range r.Endpoints {
			out["/"+e] = append(out["/"+e], r)
		}
	}
	return out
}

// compileRules gives the rules of a model, those of its provider among them. shared are the
// provider's by endpoint.
func compileRules(provider []*fieldrule.Rule, shared Rules, in []*nodev1.FieldRule) (Rules, error) {
	own, err := readRules(in)
	if err != nil || len(own) == 0 {
		return shared, err
	}
	return rulesByEndpoint(fieldrule.Merge(provider, own)), nil
}

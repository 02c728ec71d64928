package validation

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkFieldRules checks a list of rules; at is what stands before it in a path.
func checkFieldRules(d document, at string, rules []*adminv1.FieldRule) {
	type placed struct {
		index int
		rule  fieldrule.Rule
	}
	var good []placed
	for i, given := range rules {
		path := fmt.Sprintf("%sfield_rules[%d].", at, i)
		rule, fault := fieldrule.New(fieldrule.Given{
			Field: given.GetField(), Action: given.GetAction(), To: given.GetTo(), Value: given.GetValue(), Endpoints: given.GetEndpoints(),
		})
		if fault != nil {
			d.add(path+fault.Part, "%s", fault.Text)
			continue
		}
		for _, other := range good {
			if rule.Clashes(&other.rule) {
				d.add(path+"field", "is already the field of field_rules[%d]", other.index)
				break
			}
		}
		good = append(good, placed{i, rule})
	}
}

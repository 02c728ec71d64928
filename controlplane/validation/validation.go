// Package validation checks configurations: every document by the rules of its proto and of its kind, and what
// documents say about one another.
package validation

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Check checks a whole configuration. The error is InvalidArgument and names each field at fault, as in
// providers["openai-main"].models[2].price.input.
//
// What has not changed since a valid configuration that c comes from is not checked again, so the cost follows
// the change rather than the size.
func Check(c *controlplane.Config) error {
	if c.IsValid() {
		return nil
	}
	found := &report{}
	for _, kind := range controlplane.Kinds {
		for r := range c.Unchecked(kind) {
			checkDocument(found.about(r))
		}
	}
	checkSecrets(c, found)
	checkGroups(c, found)
	checkKeys(c, found)
	checkKeywords(c, found)
	checkAlertChannels(c, found)
	if err := found.err(); err != nil {
		return err
	}
	c.MarkValid()
	return nil
}

// CheckKeyword checks a failure keyword that is not stored, which needs no name, as Check would check it within
// the configuration. The error names the fields at fault below failure_keywords and the keyword's name.
func CheckKeyword(c *controlplane.Config, doc *adminv1.FailureKeyword) error {
	found := &report{}
	d := found.about(&controlplane.Resource{Kind: controlplane.KindFailureKeyword, Name: doc.GetName(), Spec: doc})
	checkDocument(d)
	checkScope(c, d, doc)
	if doc.GetName() == "" {
		d.forgive("name")
	}
	return found.err()
}

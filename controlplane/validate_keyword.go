package controlplane

import (
	"fmt"
	"regexp"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (f *faults) keyword(r *Resource, doc *adminv1.FailureKeyword) {
	f.name(r, doc.GetName())
	if doc.GetKeyword() != "" && strings.TrimSpace(doc.GetKeyword()) == "" {
		f.add(r, "keyword", "must not be blank: nearly every answer would fail")
	}
	if doc.GetPattern() == "" {
		return
	}
	re, err := regexp.Compile(doc.GetPattern())
	if err != nil {
		f.add(r, "pattern", "is not an RE2 pattern: %v", err)
	} else if re.MatchString("") {
		f.add(r, "pattern", "matches empty text, so every answer would fail")
	}
}

// checkKeywords checks that failure keywords name providers and groups that exist.
func (c *Config) checkKeywords(f *faults) {
	if !c.changed(KindProvider, KindGroup, KindFailureKeyword) {
		return
	}
	for _, r := range c.resources[KindFailureKeyword] {
		if doc, ok := r.Spec.(*adminv1.FailureKeyword); ok {
			c.filterNames(f, r, doc)
		}
	}
}

// filtered is a document that is about some providers and groups only.
type filtered interface {
	GetProviders() []string
	GetGroups() []string
}

func (c *Config) filterNames(f *faults, r *Resource, doc filtered) {
	for i, name := range doc.GetProviders() {
		if c.resources[KindProvider][name] == nil {
			f.add(r, fmt.Sprintf("providers[%d]", i), "refers to provider %q, which does not exist", name)
		}
	}
	for i, name := range doc.GetGroups() {
		if c.resources[KindGroup][name] != nil {
			continue
		}
		hint := ""
		if group, ok := groupAliases(c.resources[KindGroup])[name]; ok {
			hint = fmt.Sprintf("; it is an alias of group %q", group)
		}
		f.add(r, fmt.Sprintf("groups[%d]", i), "refers to group %q, which does not exist%s", name, hint)
	}
}

// CheckKeyword checks a failure keyword that is not stored, which needs no name, as
// Validate would check it within the configuration. The error names the fields at fault
// below failure_keywords and the keyword's name.
func (c *Config) CheckKeyword(doc *adminv1.FailureKeyword) error {
	r := &Resource{Kind: KindFailureKeyword, Name: doc.GetName(), Spec: doc}
	found := &faults{}
	found.document(r)
	c.filterNames(found, r, doc)
	if doc.GetName() == "" {
		found.forgive(r, "name")
	}
	return found.err()
}

// forgive drops what was found about one field.
func (f *faults) forgive(r *Resource, field string) {
	kept := f.list[:0]
	for _, ft := range f.list {
		if ft.of != r || ft.field != field {
			kept = append(kept, ft)
		}
	}
	f.list = kept
}

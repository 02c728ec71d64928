package controlplane

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// SearchText is what a search looks at of a resource, in lower case: its fields one behind
// the other, a NUL between them. It is made once, since a search goes over 100,000 keys.
func (r *Resource) SearchText() string {
	if text := r.searchText.Load(); text != nil {
		return *text
	}
	text := strings.ToLower(strings.Join(searched(r), "\x00"))
	r.searchText.Store(&text)
	return text
}

func searched(r *Resource) []string {
	texts := []string{r.Name}
	switch doc := r.Spec.(type) {
	case *adminv1.Provider:
		texts = append(texts, doc.GetBaseUrl())
		for _, e := range doc.GetEndpoints() {
			texts = append(texts, e.GetBaseUrl())
		}
		for _, m := range doc.GetModels() {
			texts = append(texts, m.GetId(), m.GetAlias())
		}
	case *adminv1.Group:
		texts = append(texts, doc.GetAliases()...)
		for _, m := range doc.GetMembers() {
			texts = append(texts, m.GetProvider(), m.GetModel())
		}
	case *adminv1.ApiKey:
		texts = append(append(texts, doc.GetOwner(), doc.GetPrefix(), doc.GetLastFour()), doc.GetTags()...)
	case *adminv1.FailureKeyword:
		texts = append(texts, doc.GetKeyword(), doc.GetPattern())
	case *adminv1.AlertChannel:
		texts = append(append(texts, visibility.HostOnly(doc.GetWebhook().GetUrl()), doc.GetEmail().GetHost(), doc.GetEmail().GetFrom()), doc.GetEmail().GetTo()...)
	}
	return texts
}

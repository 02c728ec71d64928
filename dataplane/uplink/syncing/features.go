package syncing

import (
	"fmt"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxRefused bounds the documents of one report.
	maxRefused = 100
	// maxMissing bounds the features that are named for one document.
	maxMissing = 10
)

// Refused are the documents of a snapshot that the node does not serve.
type Refused struct {
	List  []*nodev1.RefusedDocument // the first of them
	Count int
}

func (r *Refused) add(kind, name string, missing []string) {
	if r.Count++; len(r.List) >= maxRefused {
		return
	}
	d := &nodev1.RefusedDocument{Kind: kind, Name: stream.Text(name, stream.MaxName)}
	for _, f := range missing[:min(len(missing), maxMissing)] {
		d.MissingFeatures = append(d.MissingFeatures, stream.Text(f, stream.MaxName))
	}
	r.List = append(r.List, d)
}

// missingFeature is why a whole snapshot is refused.
type missingFeature struct{ features []string }

func (e missingFeature) Error() string {
	return fmt.Sprintf("MISSING_FEATURE: this build of the node lacks what the configuration requires: %s; upgrade the node", strings.Join(e.features, ", "))
}

// Withhold takes out of a snapshot what a node with these features cannot serve as it is
// meant. Providers and failure keywords go, and with a provider its members. Of groups and
// keys only the name remains, with what is missing: whoever uses them is told why they are
// refused. The others name no required features any more.
func Withhold(s *nodev1.Snapshot, have feature.Set) (Refused, error) {
	var out Refused
	if missing := have.Missing(s.GetRequiredFeatures()); missing != nil {
		return out, missingFeature{missing}
	}
	gone := map[string]bool{}
	s.Providers = keep(s.Providers, func(p *nodev1.Provider) bool {
		missing := have.Missing(p.GetRequiredFeatures())
		if missing != nil {
			out.add("Provider", p.GetName(), missing)
			gone[p.GetName()] = true
		}
		return missing == nil
	})
	for i, g := range s.GetGroups() {
		missing := have.Missing(g.GetRequiredFeatures())
		if missing != nil {
			out.add("Group", g.GetName(), missing)
			s.Groups[i] = &nodev1.Group{Name: g.GetName(), Aliases: g.GetAliases(), CreateTime: g.GetCreateTime(), RequiredFeatures: missing}
			continue
		}
		g.RequiredFeatures = nil
		g.Members = keep(g.Members, func(m *nodev1.Member) bool { return !gone[m.GetProvider()] })
	}
	for i, k := range s.GetApiKeys() {
		missing := have.Missing(k.GetRequiredFeatures())
		if missing != nil {
			out.add("ApiKey", k.GetName(), missing)
			s.ApiKeys[i] = &nodev1.ApiKey{Name: k.GetName(), Hash: k.GetHash(), RequiredFeatures: missing}
			continue
		}
		k.RequiredFeatures = nil
	}
	s.FailureKeywords = keep(s.FailureKeywords, func(k *nodev1.FailureKeyword) bool {
		missing := have.Missing(k.GetRequiredFeatures())
		if missing != nil {
			out.add("FailureKeyword", k.GetName(), missing)
		}
		return missing == nil
	})
	return out, nil
}

func keep[T any](list []T, wanted func(T) bool) []T {
	kept := list[:0]
	for _, v := range list {
		if wanted(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

package syncing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/pace"
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

func (r *Refused) add(d *nodev1.RefusedDocument) {
	if r.Count++; len(r.List) < maxRefused {
		r.List = append(r.List, d)
	}
}

func refusedDocument(kind, name string, missing []string) *nodev1.RefusedDocument {
	d := &nodev1.RefusedDocument{Kind: kind, Name: stream.Text(name, stream.MaxName)}
	for _, f := range missing[:min(len(missing), maxMissing)] {
		d.MissingFeatures = append(d.MissingFeatures, stream.Text(f, stream.MaxName))
	}
	return d
}

// missingFeature is why a whole snapshot is refused.
type missingFeature struct{ features []string }

func (e missingFeature) Error() string {
	return fmt.Sprintf("MISSING_FEATURE: this build of the node lacks what the configuration requires: %s; upgrade the node", strings.Join(e.features, ", "))
}

// Withhold takes out of a whole snapshot what a node with these features cannot serve as it is meant. The
// hashes of its API keys must be hashes.
func Withhold(s *nodev1.Snapshot, have feature.Set) (Refused, error) {
	var c content
	err := c.withhold(s, have, nil)
	return c.refused(), err
}

func (c *content) withhold(s *nodev1.Snapshot, have feature.Set, p *pace.Pace) (err error) {
	if c.rest, err = withholdRest(s, have); err != nil {
		return err
	}
	c.keys = hashtrie.Map[*nodev1.RefusedDocument]{}.With(withholdKeys(s.GetApiKeys(), have, p), p)
	return nil
}

// withholdRest takes out of a snapshot what a node with these features cannot serve as it is
// meant, API keys aside. Providers and failure keywords go, and with a provider its members. Of groups
// only the name remains, with what is missing: whoever uses them is told why they are
// refused. The others name no required features any more.
func withholdRest(s *nodev1.Snapshot, have feature.Set) (Refused, error) {
	var out Refused
	if missing := have.Missing(s.GetRequiredFeatures()); missing != nil {
		return out, missingFeature{missing}
	}
	gone := map[string]bool{}
	s.Providers = keep(s.Providers, func(p *nodev1.Provider) bool {
		missing := have.Missing(p.GetRequiredFeatures())
		if missing != nil {
			out.add(refusedDocument("Provider", p.GetName(), missing))
			gone[p.GetName()] = true
		}
		return missing == nil
	})
	for i, g := range s.GetGroups() {
		missing := have.Missing(g.GetRequiredFeatures())
		if missing != nil {
			out.add(refusedDocument("Group", g.GetName(), missing))
			s.Groups[i] = &nodev1.Group{Name: g.GetName(), Aliases: g.GetAliases(), CreateTime: g.GetCreateTime(), RequiredFeatures: missing}
			continue
		}
		g.RequiredFeatures = nil
		g.Members = keep(g.Members, func(m *nodev1.Member) bool { return !gone[m.GetProvider()] })
	}
	s.FailureKeywords = keep(s.FailureKeywords, func(k *nodev1.FailureKeyword) bool {
		missing := have.Missing(k.GetRequiredFeatures())
		if missing != nil {
			out.add(refusedDocument("FailureKeyword", k.GetName(), missing))
		}
		return missing == nil
	})
	return out, nil
}

// withholdKeys does the same with API keys: of one that cannot be served the name and the hash remain. It
// returns which these are.
func withholdKeys(keys []*nodev1.ApiKey, have feature.Set, p *pace.Pace) (out []hashtrie.Edit[*nodev1.RefusedDocument]) {
	for i, k := range keys {
		p.Count(i)
		missing := have.Missing(k.GetRequiredFeatures())
		if missing == nil {
			k.RequiredFeatures = nil
			continue
		}
		keys[i] = &nodev1.ApiKey{Name: k.GetName(), Hash: k.GetHash(), RequiredFeatures: missing}
		out = append(out, hashtrie.Edit[*nodev1.RefusedDocument]{
			Key: hashtrie.Key(k.GetHash()), Value: refusedDocument("ApiKey", k.GetName(), missing),
		})
	}
	return out
}

// refused is all that is withheld.
func (c *content) refused() Refused {
	out := Refused{List: slices.Clone(c.rest.List), Count: c.rest.Count + c.keys.Len()}
	for _, d := range c.keys.All() {
		if len(out.List) >= maxRefused {
			break
		}
		out.List = append(out.List, d)
	}
	return out
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

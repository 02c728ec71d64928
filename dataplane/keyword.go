package dataplane

import (
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Keyword is a compiled failure keyword.
type Keyword struct {
	Name    string
	Count   bool // a hit also counts as a failure of the target
	LogOnly bool // a hit is only noted
	*keyword.Matcher
}

// Keywords are the failure keywords that hold for one member of a group, by where they are
// looked for.
type Keywords struct {
	Error  []*Keyword // bodies of errors
	Answer []*Keyword // answers that are not streamed
	Stream []*Keyword
	// HoldStream: some of Stream move the call on, so streams are held for them.
	HoldStream bool

	watched []*keyword.Matcher // those of Stream
}

// Watch looks for the keywords of streams in one stream; nil when there are none.
func (k *Keywords) Watch() *keyword.Watch {
	if len(k.watched) == 0 {
		return nil
	}
	return keyword.NewWatch(k.watched)
}

// noKeywords is shared by all members that none holds for; it is never changed.
var noKeywords = &Keywords{}

// filteredKeyword is a failure keyword and where it holds; an empty list is everywhere.
type filteredKeyword struct {
	*Keyword
	scopes, providers, groups []string
}

func compileKeyword(in *nodev1.FailureKeyword) (filteredKeyword, error) {
	m, err := keyword.Compile(in.GetKeyword(), in.GetPattern())
	if err != nil {
		return filteredKeyword{}, err
	}
	return filteredKeyword{
		Keyword: &Keyword{Name: in.GetName(), Count: in.GetCount(), LogOnly: in.GetLogOnly(), Matcher: m},
		scopes:  in.GetScopes(), providers: in.GetProviders(), groups: in.GetGroups(),
	}, nil
}

// keywordsOf sorts out which keywords hold for members of one group, once for each
// provider of it; most share one list.
type keywordsOf struct {
	inGroup   []filteredKeyword
	filtered  bool // by provider
	everyone  *Keywords
	providers map[string]*Keywords
}

func newKeywordsOf(group string, all []filteredKeyword) *keywordsOf {
	k := &keywordsOf{providers: map[string]*Keywords{}}
	for _, kw := range all {
		if holds(kw.groups, group) {
			k.inGroup = append(k.inGroup, kw)
			k.filtered = k.filtered || len(kw.providers) > 0
		}
	}
	k.everyone = byScope(k.inGroup)
	return k
}

func (k *keywordsOf) provider(name string) *Keywords {
	if !k.filtered {
		return k.everyone
	}
	if known, ok := k.providers[name]; ok {
		return known
	}
	var out []filteredKeyword
	for _, kw := range k.inGroup {
		if holds(kw.providers, name) {
			out = append(out, kw)
		}
	}
	k.providers[name] = byScope(out)
	return k.providers[name]
}

func byScope(all []filteredKeyword) *Keywords {
	if len(all) == 0 {
		return noKeywords
	}
	out := &Keywords{}
	for _, kw := range all {
		for _, s := range []struct {
			name string
			list *[]*Keyword
		}{{"error", &out.Error}, {"answer", &out.Answer}, {"stream", &out.Stream}} {
			if holds(kw.scopes, s.name) {
				*s.list = append(*s.list, kw.Keyword)
			}
		}
	}
	for _, k := range out.Stream {
		out.watched = append(out.watched, k.Matcher)
		out.HoldStream = out.HoldStream || !k.LogOnly
	}
	return out
}

// holds reports whether a filter lets a name through.
func holds(filter []string, name string) bool {
	return len(filter) == 0 || slices.Contains(filter, name)
}

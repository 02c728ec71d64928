package routing

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ways says in which dialect a member gets calls of each, as nodes decide. refusals are what was learned
// of it, off whether the group translates nothing.
func ways(p *adminv1.Provider, refusals []*adminv1.LearnedRefusal, off bool) (out []*adminv1.CandidateDialect) {
	speaks, lacks := speaksOf(p), lacksOf(refusals)
	for _, api := range dialect.Translated() {
		to := dialect.Way(api, off, speaks, lacks)
		_, certain := speaks(api)
		out = append(out, &adminv1.CandidateDialect{Dialect: api, Spoken: to, Uncertain: to == api && !certain})
	}
	slices.SortFunc(out, func(a, b *adminv1.CandidateDialect) int { return cmp.Compare(a.GetDialect(), b.GetDialect()) })
	return out
}

// wayOf is the dialect in which a member gets the call; other says whether it is another one than the
// call's. ok is false where it cannot have it.
func (c *Call) wayOf(p *adminv1.Provider, all []*adminv1.CandidateDialect) (to string, ok bool) {
	api := dialect.ConversationAt("/" + c.Endpoint)
	if api == "" {
		return "", !c.lacksAPI(p)
	}
	i := slices.IndexFunc(all, func(d *adminv1.CandidateDialect) bool { return d.GetDialect() == api })
	if i < 0 { // no client can call so
		return "", !c.lacksAPI(p)
	}
	spoken := all[i].GetSpoken()
	if spoken == api {
		return "", true
	}
	return spoken, spoken != ""
}

// lacksAPI reports whether a provider is known not to have the API that a call is in.
func (c *Call) lacksAPI(p *adminv1.Provider) bool {
	api := dialect.APIOf("/" + c.Endpoint)
	if api == nil {
		return false
	}
	speaks, _ := speaksOf(p)(api.Name)
	return !speaks
}

// speaksOf says which APIs a provider has. Of a kind that is not known here everything may be.
func speaksOf(p *adminv1.Provider) func(api string) (speaks, certain bool) {
	kind, ok := dialect.Find(p.GetDialect())
	if !ok {
		return func(string) (bool, bool) { return true, false }
	}
	return dialect.NewReach(kind, &url.URL{}, controlplane.Endpoints(p)).Speaks
}

// lacksOf says which APIs nodes have learned that a model lacks.
func lacksOf(refusals []*adminv1.LearnedRefusal) func(api string) bool {
	var endpoints []string
	for _, r := range refusals {
		if r.GetParameter() == "" {
			endpoints = append(endpoints, r.GetEndpoint())
		}
	}
	return dialect.LacksIn(endpoints)
}

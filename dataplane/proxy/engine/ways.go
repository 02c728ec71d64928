package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// ways says of each candidate in which dialect it gets the request, and leaves out those that cannot
// have it: their provider has no such API and none that the request can be translated to.
func (t *translator) ways(all []dataplane.Candidate, out *candidates) []dataplane.Candidate {
	translated := false
	left := all[:0]
	for _, one := range all {
		to, ok := t.way(one.Target)
		if !ok {
			t.lacking++
			continue
		}
		if one.To = to; to != "" {
			if why := t.refuses(one); why != nil {
				out.leaveOut(one, *why)
				continue
			}
			translated = true
		}
		left = append(left, one)
	}
	if translated {
		t.req.Group.NativeFirst(left)
	}
	return left
}

// way is the dialect in which a target gets the request; empty: the client's. false: there is none.
// Where it is not certain that the provider has the client's, that is tried until an answer
// teaches that it is missing.
func (t *translator) way(to *dataplane.Target) (api string, ok bool) {
	native, e := t.req.Endpoint, t.engine
	speaks, certain := to.Provider.Speaks(native.API)
	if t.mayTranslate() && !certain {
		t.mixed = true
	}
	if speaks && !e.lacks(to, native) {
		return "", true
	}
	if native.Estimated != nil { // nobody who lacks it is asked to count
		return "", speaks && !e.lacks(to, e.conversation(native.API))
	}
	if other := t.otherWay(to); other != nil {
		return other.API, true
	}
	return "", speaks
}

// otherWay is the endpoint of another dialect that a target has for certain; nil: there is none.
func (t *translator) otherWay(to *dataplane.Target) *wire.Endpoint {
	if !t.mayTranslate() {
		return nil
	}
	e := t.engine
	other := dialect.Other(t.req.Endpoint.API, to.Provider.Speaks, func(api string) bool { return e.lacks(to, e.conversation(api)) })
	if other == "" {
		return nil
	}
	t.mixed = true
	return e.conversation(other)
}

// mayTranslate says whether the request may be translated at all: who answers in the background keeps the
// answer, which only its own API can fetch.
func (t *translator) mayTranslate() bool {
	return t.req.Endpoint.Codec != nil && !t.req.Background && t.req.policy().Translation != dataplane.TranslateOff
}

// conversation is the endpoint in which a dialect converses; nil: it cannot be translated.
func (e *Engine) conversation(api string) *wire.Endpoint {
	i := slices.IndexFunc(e.cfg.Conversations, func(o *wire.Endpoint) bool { return o.API == api })
	if i < 0 {
		return nil
	}
	return e.cfg.Conversations[i]
}

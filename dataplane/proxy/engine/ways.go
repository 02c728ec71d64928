package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// leftOut is a candidate that is not tried, since it cannot be told what the request is about.
type leftOut struct {
	dataplane.Candidate
	why refusal
}

// ways says of each candidate in which dialect it gets the request, and leaves out those that cannot
// have it: their provider has no such API and none that the request can be translated to.
func (c *call) ways(all []dataplane.Candidate) []dataplane.Candidate {
	translated := false
	left := all[:0]
	for _, one := range all {
		to, ok := c.way(one.Target)
		if !ok {
			c.lacking++
			continue
		}
		if one.To = to; to != "" {
			if why := c.translator.refuses(c, one); why != nil {
				c.leaveOut(one, *why)
				continue
			}
			translated = true
		}
		left = append(left, one)
	}
	if translated {
		c.req.Group.NativeFirst(left)
	}
	return left
}

// way is the dialect in which a target gets the request; empty: the client's. false: there is none.
// Where it is not certain that the provider has the client's, that is tried until an answer
// teaches that it is missing.
func (c *call) way(t *dataplane.Target) (to string, ok bool) {
	native := c.req.Endpoint
	speaks, certain := t.Provider.Speaks(native.API)
	if c.translates() && !certain {
		c.mixed = true
	}
	if speaks && !c.engine.lacks(t, native) {
		return "", true
	}
	if native.Estimated != nil { // nobody who lacks it is asked to count
		return "", speaks && !c.engine.lacks(t, c.engine.conversation(native.API))
	}
	if other := c.otherWay(t); other != nil {
		return other.API, true
	}
	return "", speaks
}

// otherWay is the endpoint of another dialect that a target has for certain; nil: there is none.
func (c *call) otherWay(t *dataplane.Target) *wire.Endpoint {
	if !c.translates() {
		return nil
	}
	other := dialect.Other(c.req.Endpoint.API, t.Provider.Speaks, func(api string) bool { return c.engine.lacks(t, c.engine.conversation(api)) })
	if other == "" {
		return nil
	}
	c.mixed = true
	return c.engine.conversation(other)
}

// translates says whether the request may be translated at all: who answers in the background keeps the
// answer, which only its own API can fetch.
func (c *call) translates() bool {
	return c.req.Endpoint.Codec != nil && !c.req.Background && c.req.policy().Translation != dataplane.TranslateOff
}

// leaveOut notes why a candidate is not tried.
func (c *call) leaveOut(one dataplane.Candidate, why refusal) {
	c.left.out = append(c.left.out, leftOut{one, why})
}

// conversation is the endpoint in which a dialect converses; nil: it cannot be translated.
func (e *Engine) conversation(api string) *wire.Endpoint {
	i := slices.IndexFunc(e.cfg.Conversations, func(o *wire.Endpoint) bool { return o.API == api })
	if i < 0 {
		return nil
	}
	return e.cfg.Conversations[i]
}

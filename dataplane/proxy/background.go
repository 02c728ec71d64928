package proxy

import (
	"net/http"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/background"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Background keeps calls until their responses end. Nothing of it waits for anything but the disk.
type Background interface {
	// Begin takes a place for a call of a key whose response may go on.
	Begin(key string) background.Room
	// Cancel gives the place back, Keep uses it.
	Cancel(call, key string)
	Keep(c background.Kept)
	// Seen takes in what is known of a response that was made in the background, and says whether
	// it is over.
	Seen(id dataplane.ResponseID, key *dataplane.APIKey, response []byte) (over bool)
}

// mayGoOn takes a place for a response in the background, or answers why there is none.
func (c *call) mayGoOn() bool {
	if e := c.req.Endpoint; e.Background == nil || !e.Background(&c.req.Envelope) {
		return true
	}
	if c.h.cfg.Background == nil {
		c.refuse(dataplane.InvalidRequest, http.StatusBadRequest, wire.Error{
			Message: "background: true is not supported here.", Type: wire.InvalidRequest, Param: "background", Code: "invalid_request",
		})
		return false
	}
	switch c.h.cfg.Background.Begin(c.rec.APIKey) {
	case background.KeyFull:
		rule := dataplane.KeyLimited.Rule()
		c.refuse(dataplane.KeyLimited, rule.Status, wire.Error{
			Message: "API key '" + c.rec.APIKey + "' has as many responses in the background of this node as one key may (an eighth of all). Try again when some have ended, or without background.",
			Type:    rule.Type, Code: "background_limit_exceeded",
		})
		return false
	case background.NodeFull:
		rule := dataplane.GatewayBusy.Rule()
		c.refuse(dataplane.GatewayBusy, rule.Status, wire.Error{
			Message: "Too many responses in the background of this node have not ended. Try again later, or without background.", Type: rule.Type, Code: rule.Code,
		})
		return false
	}
	c.place, c.req.Background, c.rec.Background = true, true, true
	return true
}

// goesOn hands a call over whose response goes on: its record, and what it has reserved.
func (c *call) goesOn() bool {
	if !c.place {
		return false
	}
	own := slices.IndexFunc(c.rec.Attempts, func(a dataplane.Attempt) bool { return a.Pending && a.Outcome == dataplane.OK })
	prices := map[int]*dataplane.Price{}
	for i := range c.rec.Attempts {
		a := &c.rec.Attempts[i]
		if !a.Pending {
			continue
		}
		if own < 0 {
			own = i
		}
		if t := c.snapshot.Target(a.Provider, a.Model); t != nil {
			prices[i] = t.Price
		}
	}
	if own < 0 {
		c.h.cfg.Background.Cancel(c.rec.ID, c.rec.APIKey)
		return false
	}
	kept := background.Kept{Call: c.rec.Call, Prompt: c.req.Envelope.Prompt, Prices: prices, Lease: c.lease}
	kept.Call.ResponseID = c.rec.Attempts[own].ResponseID
	if c.lease != nil {
		kept.Reserved = c.estimate().Cost
	}
	c.h.cfg.Background.Keep(kept)
	return true
}

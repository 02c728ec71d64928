package proxy

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// checkLoop refuses a request that came through this gateway before: the address of a provider,
// here or at another gateway, leads back. A client that sends such a header itself is refused,
// and nobody else.
func (c *call) checkLoop() bool {
	var ok bool
	if c.req.Hops, ok = c.snapshot.Hops(c.req.HTTP.Header); ok {
		return true
	}
	c.refuse(dataplane.LoopDetected, dataplane.LoopDetected.Rule().Status, loopDetected())
	return false
}

func loopDetected() wire.Error {
	rule := dataplane.LoopDetected.Rule()
	return wire.Error{
		Message: "The request has already passed through this gateway, or through too many gateways: the address of a provider leads back to it.",
		Type:    rule.Type, Code: rule.Code,
	}
}

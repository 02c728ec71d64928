package shipping

import nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"

// Bodies keeps the bodies of calls until their calls are shipped.
type Bodies interface {
	// Any reports whether there are any. A call's are here before the call is.
	Any() bool
	// With returns calls with their bodies; the calls themselves are left as they are.
	With(calls []*nodev1.Call) []*nodev1.Call
	// Settle forgets the bodies of calls that were acknowledged.
	Settle(calls []*nodev1.Call)
}

// noBodies is for a node that keeps none.
type noBodies struct{}

func (noBodies) Any() bool                                { return false }
func (noBodies) With(calls []*nodev1.Call) []*nodev1.Call { return calls }
func (noBodies) Settle([]*nodev1.Call)                    {}

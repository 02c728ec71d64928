package limits

import "sync/atomic"

// state says with whom the limits are kept. Requests read it, Run's goroutine writes it.
type state struct{ atomic.Int32 }

const (
	aloneState  int32 = iota // not tried yet, no Redis is configured, or it is away
	sharedState              // with the other nodes
)

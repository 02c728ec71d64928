package addrguard

import "errors"

// ErrBlocked is in the chain of a dial error when the resolved address is one
// that providers must not have.
var ErrBlocked = errors.New("address is not allowed for providers")

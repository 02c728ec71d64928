package dataplane

import "errors"

// ErrBlockedAddress is in the chain of a dial error when the resolved address is one
// that providers must not have.
var ErrBlockedAddress = errors.New("address is not allowed for providers")

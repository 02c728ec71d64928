package controlplane

import "time"

// AuthorityKey is one key of the authority by which nodes and replicas know each other.
type AuthorityKey struct {
	Role        AuthorityRole
	Since       time.Time // it has that role; zero: not known
	Fingerprint string    // of its certificate, as nodeid gives it
	Expires     time.Time
}

// AuthorityRole is what a key of the authority is for.
type AuthorityRole string

// The roles. There is always one key that signs, and while keys are replaced one of the others.
const (
	AuthoritySigning AuthorityRole = "signing" // it signs what is issued
	AuthorityNext    AuthorityRole = "next"    // it is trusted already, and is to sign
	AuthorityRetired AuthorityRole = "retired" // it is trusted still, for what it signed before
)

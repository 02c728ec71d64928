// Package nodeid is what both planes agree on about who a node is: how its certificate
// names it, how a join token is proved without being shown, and why a certificate may be
// refused.
//
// # Joining
//
// A node that has no certificate cannot verify the control plane's, and must not show its
// token to whoever answers. So both sides prove that they know the token by an HMAC over
// what only the two ends of this very TLS connection know (RFC 9266). Somebody in between
// sees proofs that are worth nothing on any other connection, and cannot make one. A token
// that a person chose must be as hard to guess as a key, for who answers a node's call
// could try guesses against the proof; those that Trunkline makes hold 256 random bits.
package nodeid

// Package controlplane holds the nouns and rules of the configuration: resources, revisions,
// changes, validation, effective policy and price. It is what the store needs inside its
// transaction, so it has no goroutine, no ticker and no message of an API. What does
// something with the configuration is a room of its own below, and server wires them.
package controlplane

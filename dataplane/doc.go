// Package dataplane holds the nouns of a node: the compiled snapshot, targets and their
// order, outcomes and what follows from each, calls and their cost. It does no I/O.
package dataplane

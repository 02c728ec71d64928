// Package controlplane holds the nouns and rules of the configuration: resources,
// revisions, validation, what a change may do. It does no I/O of its own; stores,
// handlers and the node link are sub-packages, and server wires them.
package controlplane

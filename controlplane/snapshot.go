package controlplane

import (
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Staged is what nodes get of a configuration. The zero value: all of them get the configuration itself.
type Staged struct {
	// Held is what nodes get in its place, with everything but API keys as it was at Base; nil: nothing is held back.
	Held *Config
	Base Revision
	// First reports whether a node gets the configuration itself all the same; set with Held.
	First func(node string) bool
}

// Snapshot is the configuration at one revision as nodes receive it. It is immutable and safe for
// concurrent use; the messages that it gives are shared and must not be changed.
type Snapshot interface {
	Revision() uint64
	Lineage() string
	// Held is the revision of all that it holds but API keys, where a newer one is held back; else 0.
	Held() uint64
	// Digest is a hash of everything in it.
	Digest() []byte
	// Full is the whole of it. It is encoded when somebody asks first, once for all nodes.
	Full() (*nodev1.Full, error)
	// Delta is what changed since another one, by its digest; nil when that is not known any more, or so
	// much changed that the whole is better.
	Delta(from []byte) (*nodev1.Delta, error)
}

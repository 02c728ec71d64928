package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// Export gives every document as callers may see it, without secrets: settings,
// providers, groups, keys, keywords and alert channels, each kind in name order.
func (e *Editor) Export() (controlplane.Revision, []proto.Message) {
	c := e.live.Current()
	var docs []proto.Message
	for _, kind := range controlplane.Kinds {
		for _, r := range c.List(kind) {
			docs = append(docs, Public(r))
		}
	}
	return c.Revision, docs
}

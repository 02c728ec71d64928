package controlplane

import "google.golang.org/protobuf/proto"

// Export gives every document as callers may see it, without secrets: settings,
// providers, groups, keys and keywords, each kind in name order.
func (l *Live) Export() (Revision, []proto.Message) {
	c := l.Current()
	var docs []proto.Message
	for _, kind := range Kinds {
		for _, r := range c.List(kind) {
			docs = append(docs, Public(r))
		}
	}
	return c.Revision, docs
}

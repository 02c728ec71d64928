package proxy

import "github.com/trunkline-ai/trunkline/dataplane"

// CutAll ends every stream under way, and those that begin later, because the node stops:
// the client gets an error event gateway_draining and no clean end, and what was used until
// then is recorded. Requests that are cancelled from then on end with that code too.
func (h *Handler) CutAll() {
	r := &h.running
	r.cut.Store(true)
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for c := s.first; c != nil; c = c.running.behind {
			r.end(c)
		}
		s.mu.Unlock()
	}
}

// CutStreams is how many streams CutAll has ended.
func (h *Handler) CutStreams() int64 { return h.running.count.Load() }

// end ends one stream because the node stops. It needs the shard's mu.
func (r *running) end(c *call) {
	if !c.running.counted {
		c.running.counted = true
		r.count.Add(1)
		c.running.cancel(timeUp{dataplane.GatewayDraining})
	}
}

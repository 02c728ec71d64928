package plainhttp

import (
	"time"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

// watchEvery is how often it is looked whether the clients of requests that are under way have left. Most
// requests end before, and cost nothing.
const watchEvery = 100 * time.Millisecond

// begin counts a request that is under way, and has it watched.
func (s *Server) begin() {
	if s.active.Add(1) > 1 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.watching {
		s.watching = true
		s.watcher = time.AfterFunc(watchEvery, s.watch)
	}
}

// watch ends the contexts of requests whose clients have left, and comes again as long as there are
// requests.
func (s *Server) watch() {
	for _, c := range s.underWay(s.ticks.Add(1)) {
		if c.sock.Look() == rawsocket.Ended {
			c.cancelRequests()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watching = s.active.Load() > 0; s.watching {
		s.watcher.Reset(watchEvery)
	}
}

// seen puts the next look at the client off: it has taken bytes just now, and whoever writes to one that
// has left learns it from the write behind that.
func (c *conn) seen() {
	if since := c.since.Load(); since > idle {
		c.since.CompareAndSwap(since, c.s.ticks.Load()+1)
	}
}

// underWay gives the connections whose request began before the last tick, and was sent nothing since.
func (s *Server) underWay(tick int64) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.old[:0]
	for c := range s.conns {
		if since := c.since.Load(); since > idle && since < tick {
			old = append(old, c)
		}
	}
	clear(old[len(old):cap(old)])
	s.old = old
	return old
}

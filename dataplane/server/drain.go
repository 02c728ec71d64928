package server

import (
	"net/http"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Why a node that works is not ready.
var (
	errDraining = errs.Newf(errs.Unavailable, "drained by an admin; still answering calls")
	errLeaving  = errs.Newf(errs.Unavailable, "stopping; still answering calls")
)

// drain is whether the node is to get no new clients.
type drain struct {
	on      atomic.Bool // ordered by an admin, until that is undone or the process ends
	leaving atomic.Bool // because the process ends
}

func (d *drain) order(on bool) { d.on.Store(on) }

func (d *drain) ready() error {
	switch {
	case d.leaving.Load():
		return errLeaving
	case d.on.Load():
		return errDraining
	}
	return nil
}

// errRevoked is why a node that an admin has cut off serves nothing.
var errRevoked = errs.Newf(errs.Unavailable, "the node is revoked and serves nothing until it joins again with a new token, unless it runs with --serve-when-revoked")

// revoked reports whether the node serves nothing because an admin has revoked it.
func (s *Server) revoked() bool {
	return s.identity != nil && !s.serveRevoked && s.identity.Revoked()
}

// Leave says that the process is about to end: the node is not ready from now on, and
// answers whatever still comes.
func (s *Server) Leave() {
	s.drain.leaving.Store(true)
	s.proxy.Drain(true)
}

// orderDrain begins or ends what an admin has ordered.
func (s *Server) orderDrain(on bool) {
	s.drain.order(on)
	s.proxy.Drain(on || s.drain.leaving.Load())
}

// CutAll ends what is under way because the process cannot wait any longer: streams end
// with an error event gateway_draining.
func (s *Server) CutAll() { s.proxy.Engine().EndAll() }

// CutStreams is how many streams CutAll has ended.
func (s *Server) CutStreams() int64 { return s.proxy.Engine().Ended() }

// handler asks clients that keep their connections to open new ones while the node drains:
// through a load balancer these lead elsewhere.
func (d *drain) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.on.Load() || d.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

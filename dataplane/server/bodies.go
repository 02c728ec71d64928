package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/bodies"
)

// openBodies makes what keeps bodies of calls between the proxy and the uplink.
func (s *Server) openBodies() (err error) {
	s.bodies, err = bodies.New(bodies.Config{Record: func(c dataplane.Call) { s.uplink.Record(c) }})
	return err
}

// startBodies runs it. stop lets the calls go on that wait for their bodies, until its
// context ends, and returns when nothing runs any more.
func (s *Server) startBodies() (stop func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.bodies.Run(ctx) // never fails
	}()
	return func(until context.Context) {
		_ = s.bodies.Flush(until) // what remains goes on without bodies
		cancel()
		<-done
	}
}

// bodyMetrics tells how bodies fare.
func (s *Server) bodyMetrics(reg prometheus.Registerer) {
	reg.MustRegister(
		gauge("trunkline_call_bodies_waiting_bytes", "Bodies of calls that wait to be shipped, in bytes.", func() float64 { return float64(s.bodies.Waiting()) }),
		counter("trunkline_call_bodies_dropped_total", "Bodies of calls that were given up for want of room; their calls were not.", func() float64 {
			return float64(s.bodies.Dropped()) + float64(s.proxy.Engine().Uncaptured())
		}),
	)
}

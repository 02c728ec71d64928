package server

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
)

// bodyBounds fills in what is not set of the bounds of bodies: all together may hold half of the
// memory that the process may use, and no more than the proxy's default. memory is 0 if it is not
// known.
func (p ProxyConfig) bodyBounds(memory int64) (ProxyConfig, error) {
	if p.MaxBody < 0 || p.MaxBodies < 0 {
		return p, fmt.Errorf("max-body-bytes and max-bodies-bytes must not be below 0")
	}
	if p.MaxBodies == 0 {
		p.MaxBodies = proxy.DefaultMaxBodies
		if memory > 0 {
			p.MaxBodies = min(p.MaxBodies, memory/2)
		}
	}
	most := p.MaxBodies / body.KeyPart
	if p.MaxBody == 0 {
		p.MaxBody = min(proxy.DefaultMaxBody, most)
	}
	if p.MaxBody > most {
		return p, fmt.Errorf("max-body-bytes is %d and max-bodies-bytes is %d, of which one key may use an eighth: no body above %d bytes would fit; set max-bodies-bytes to at least %d, or lower max-body-bytes",
			p.MaxBody, p.MaxBodies, most, p.MaxBody*body.KeyPart)
	}
	return p, nil
}

func (s *Server) memoryMetrics(reg prometheus.Registerer) {
	refused := func(by string, read func(body.Usage) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_body_refusals_total", ConstLabels: prometheus.Labels{"by": by},
			Help: "How often there was no memory to hold a body or an answer: by key, because the API key had used its eighth, or by node, because all was in use.",
		}, func() float64 { return float64(read(s.proxy.Memory())) })
	}
	reg.MustRegister(
		gauge("trunkline_body_bytes", "Bytes of bodies and answers that are held, in memory or on disk.", func() float64 { return float64(s.proxy.Memory().Used) }),
		gauge("trunkline_body_bytes_limit", "Bytes of bodies and answers that may be held (max-bodies-bytes).", func() float64 { return float64(s.proxy.Memory().Limit) }),
		refused("key", func(u body.Usage) int64 { return u.RefusedShare }),
		refused("node", func(u body.Usage) int64 { return u.Refused }),
	)
}

// When memory of large bodies is returned to the system.
const (
	returnEvery = 10 * time.Second
	returnFrom  = 16 << 20 // bytes of large buffers that were used since
)

// returnMemory gives the memory of large bodies back to the system once none is served: the
// runtime alone keeps it for minutes, and part of it until it needs it.
func (s *Server) returnMemory(ctx context.Context) {
	tick := time.NewTicker(returnEvery)
	defer tick.Stop()
	var returned, seen int64 // of LargeReturned
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := s.proxy.LargeReturned()
		if quiet := now == seen; quiet && now-returned >= returnFrom {
			runtime.GC() // pools let go of what they keep at the second collection
			debug.FreeOSMemory()
			returned = now
		}
		seen = now
	}
}

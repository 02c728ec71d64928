package telemetry

import (
	"log/slog"
	"sync"
)

// delivery tells once when a receiver cannot be reached, and once when it can again.
type delivery struct {
	log    *slog.Logger
	signal string

	mu   sync.Mutex
	lost int // guarded by mu; since it failed
	down bool
}

func newDelivery(signal string, log *slog.Logger) *delivery {
	return &delivery{log: log, signal: signal}
}

// note takes how an export of n things went.
func (d *delivery) note(err error, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil && !d.down:
		d.down, d.lost = true, n
		d.log.Warn("failed to export telemetry; whatever exceeds the queue is dropped", "signal", d.signal, "error", err)
	case err != nil:
		d.lost += n
	case d.down:
		d.down = false
		d.log.Info("telemetry is exported again", "signal", d.signal, "lost", d.lost)
	}
}

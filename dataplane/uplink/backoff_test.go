package uplink

import (
	"log/slog"
	"testing"
	"time"
)

// Nobody who waits for a control plane that is back again waits longer than ten seconds.
func TestANodeTriesAgainWithinTenSeconds(t *testing.T) {
	t.Parallel()
	cfg := Config{Target: "127.0.0.1:1", Node: "node-1", InMemory: true, Logger: slog.New(slog.DiscardHandler)}
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	if cfg.MaxBackoff > 10*time.Second || cfg.Shipping.MaxBackoff > 10*time.Second {
		t.Errorf("waits %s, and %s to ship calls", cfg.MaxBackoff, cfg.Shipping.MaxBackoff)
	}
}

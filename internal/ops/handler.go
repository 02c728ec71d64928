// Package ops is the part of a process that its operators see: the ops listener with
// /healthz, /readyz and /metrics, and serving that ends by draining.
package ops

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// checkTimeout bounds one readiness check.
const checkTimeout = 2 * time.Second

// Check says whether one thing that the process needs is there. Of its error only errs' safe message
// is shown to whoever asks, or "failed" when it is none of ours: the cause may name users and
// hosts, and goes to the log. It must return soon after ctx is done.
type Check func(ctx context.Context) error

// Config is what the ops listener shows.
type Config struct {
	Metrics prometheus.Gatherer // required; NewRegistry makes one
	Ready   map[string]Check    // by the name shown to operators; all must pass
	Logger  *slog.Logger        // required
}

// NewRegistry makes a registry that has the metrics of the Go runtime, of the process and of the build.
// Each part registers its own metrics on it.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	RegisterBuildInfo(reg)
	return reg
}

// Handler serves the ops listener:
//
//   - GET /healthz: 200 as long as the process can answer at all
//   - GET /readyz: 200 when every check passes, else 503; the body tells which fail
//   - GET /metrics: the metrics for Prometheus
func Handler(cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.Handle("GET /readyz", readyz(cfg))
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { NotFound(w, r, "GET, HEAD") })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { NotFound(w, r, "") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelError),
	}))
	return mux
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readiness is the body of /readyz.
type readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"` // "ok", or why not
}

func readyz(cfg Config) http.Handler {
	causes := &causes{log: cfg.Logger, last: map[string]string{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := runChecks(r.Context(), cfg.Ready, causes)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !body.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			cfg.Logger.Debug("failed to send the readiness response", "error", err)
		}
	})
}

// runChecks runs all checks side by side.
func runChecks(ctx context.Context, checks map[string]Check, causes *causes) readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	result := readiness{Ready: true, Checks: make(map[string]string, len(checks))}
	var mu sync.Mutex // guards result
	var wg sync.WaitGroup
	for name, check := range checks {
		wg.Go(func() {
			err := check(ctx)
			causes.note(name, err)
			mu.Lock()
			defer mu.Unlock()
			result.Checks[name] = shown(err)
			result.Ready = result.Ready && err == nil
		})
	}
	wg.Wait()
	return result
}

// shown is what strangers may know of how a check went.
func shown(err error) string {
	if err == nil {
		return "ok"
	}
	if ours, ok := errors.AsType[*errs.Error](err); ok {
		return ours.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "failed; the log of this process says why"
}

// causes logs why checks fail, once for each change: they are asked for every few seconds.
type causes struct {
	log  *slog.Logger
	mu   sync.Mutex
	last map[string]string // guarded by mu; by check
}

func (c *causes) note(name string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	c.mu.Lock()
	changed := c.last[name] != text
	c.last[name] = text
	c.mu.Unlock()
	switch {
	case changed && err != nil:
		c.log.Warn("not ready", "check", name, "error", err)
	case changed:
		c.log.Info("ready again", "check", name)
	}
}

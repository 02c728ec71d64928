package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/ops"
)

var quiet = slog.New(slog.DiscardHandler)

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return rec
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	down := map[string]ops.Check{"store": func(context.Context) error { return errors.New("down") }}
	h := ops.Handler(ops.Config{Metrics: ops.NewRegistry(), Ready: down, Logger: quiet})
	rec := get(t, h, "/healthz")
	if rec.Code != http.StatusOK || rec.Body.String() != "ok\n" {
		t.Errorf("/healthz of a process that is alive but not ready: %d %q", rec.Code, rec.Body)
	}
	if rec := get(t, h, "/"); rec.Code != http.StatusNotFound {
		t.Errorf("/ gave %d, want 404", rec.Code)
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	good := func(context.Context) error { return nil }
	bad := func(context.Context) error {
		return errs.Wrap(errs.Unavailable, errors.New("connect user=trunkline host=db.internal"), "no snapshot yet")
	}
	foreign := func(context.Context) error { return errors.New("dial tcp db.internal:5432: connection refused") }
	tests := []struct {
		name   string
		checks map[string]ops.Check
		status int
		want   map[string]string
	}{
		{"none", nil, 200, map[string]string{}},
		{"all pass", map[string]ops.Check{"store": good, "link": good}, 200, map[string]string{"store": "ok", "link": "ok"}},
		{"one fails", map[string]ops.Check{"store": good, "snapshot": bad}, 503, map[string]string{"store": "ok", "snapshot": "no snapshot yet"}},
		{"an error that is none of ours", map[string]ops.Check{"store": foreign}, 503, map[string]string{"store": "failed; the log of this process says why"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := get(t, ops.Handler(ops.Config{Metrics: ops.NewRegistry(), Ready: tt.checks, Logger: quiet}), "/readyz")
			var body struct {
				Ready  bool
				Checks map[string]string
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
				t.Fatalf("body %q: %v", rec.Body, err)
			}
			if rec.Code != tt.status || body.Ready != (tt.status == 200) || !maps.Equal(body.Checks, tt.want) {
				t.Errorf("%d %+v, want %d %v", rec.Code, body, tt.status, tt.want)
			}
		})
	}
}

func TestReadyzBoundsAHangingCheck(t *testing.T) {
	t.Parallel()
	hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	h := ops.Handler(ops.Config{Metrics: ops.NewRegistry(), Ready: map[string]ops.Check{"redis": hangs}, Logger: quiet})
	rec := get(t, h, "/readyz")
	if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "no answer in time") {
		t.Errorf("%d %s, want 503 and the reason", rec.Code, rec.Body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := ops.NewRegistry()
	calls := prometheus.NewCounter(prometheus.CounterOpts{Name: "trunkline_calls_total", Help: "Calls."})
	reg.MustRegister(calls)
	calls.Add(3)
	text := get(t, ops.Handler(ops.Config{Metrics: reg, Logger: quiet}), "/metrics").Body.String()
	for _, want := range []string{"trunkline_calls_total 3\n", "go_goroutines ", "process_resident_memory_bytes ", "go_build_info{", `trunkline_build_info{goversion="go1.`} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %q", want)
		}
	}
}

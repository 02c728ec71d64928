package ops_test

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/ops"
)

// TestProbeFollowsReadiness: the healthcheck command says what /readyz says, from the start to the end.
func TestProbeFollowsReadiness(t *testing.T) {
	t.Parallel()
	var ready ops.Readiness
	web := httptest.NewServer(ops.Handler(ops.Config{Metrics: ops.NewRegistry(), Ready: map[string]ops.Check{"database": ready.Check}, Logger: quiet}))
	t.Cleanup(web.Close)
	address := web.Listener.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	probe := func(when, want string) {
		t.Helper()
		for _, listen := range []string{address, ":" + port, "0.0.0.0:" + port, "[::]:" + port} {
			err := ops.Probe(t.Context(), listen)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s, %s: %v, want %q", when, listen, err, want)
			}
		}
	}
	probe("at the start", "starting")
	ready.Serving(func(context.Context) error { return nil })
	probe("serving", "")
	ready.Serving(func(context.Context) error { return errs.Newf(errs.Unavailable, "the database is not available") })
	probe("without the database", "the database is not available")
	ready.Leave()
	probe("at the end", "stopping")
}

func TestProbeOfNobody(t *testing.T) {
	t.Parallel()
	if err := ops.Probe(t.Context(), "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "not reachable") {
		t.Errorf("nobody listens: %v", err)
	}
	if err := ops.Probe(t.Context(), "8003"); err == nil || !strings.Contains(err.Error(), "8003") {
		t.Errorf("an address without a port: %v", err)
	}
}

package e2e

import (
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// Every listener of every program resets what an address opens beyond its limit; what it has open
// goes on.
func TestConnectionsOfAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	const most = 8
	limit := "TRUNKLINE_MAX_CONNECTIONS_PER_ADDRESS=8"
	s := newStack(t)
	s.all = programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", limit},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t), limit,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")), "TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort)
	node := programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, limit,
	}, "--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1")

	for what, address := range map[string]string{
		"console and /v1": s.all.Address("console"), "ops of all": s.all.Address("ops"),
		"console": s.plane.Address("console"), "nodes": s.plane.Address("nodes"), "ops of the control plane": s.plane.Address("ops"),
		"/v1": node.Address("api"), "ops of a node": node.Address("ops"),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if u, err := url.Parse(address); err == nil && u.Host != "" {
				address = u.Host
			}
			// Some are open already: the node's, and those of the test itself.
			reset := make(chan struct{}, most+4)
			for range most + 4 {
				conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
				if errors.Is(err, syscall.ECONNRESET) { // before the dial had returned
					reset <- struct{}{}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				read := make(chan struct{})
				t.Cleanup(func() { _ = conn.Close(); <-read })
				go func() {
					defer close(read)
					if _, err := conn.Read(make([]byte, 1)); errors.Is(err, syscall.ECONNRESET) {
						reset <- struct{}{}
					}
				}()
			}
			for range 4 {
				select {
				case <-reset:
				case <-time.After(time.Minute):
					t.Fatalf("more than %d connections are open", most)
				}
			}
		})
	}
}

// Package ledger holds Trunkline to its books: real processes are killed at any time, and
// what the call log and the sums of usage say afterwards is compared with an independent
// record of what the upstream served and what clients were answered.
package ledger

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// patience bounds every wait.
const patience = 90 * time.Second

// prompt is how long a node may take to serve from its disk. Two seconds are promised; what
// waits for somebody who is dead would take longer than this, on a busy machine too.
const prompt = 10 * time.Second

var programs = program.Build(false, "trunkline", "trunkline-controlplane", "trunkline-dataplane", "fakeprovider")

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }

// awaitReady waits until the process calls itself ready and returns how long that took.
func awaitReady(t *testing.T, p *program.Process) time.Duration {
	t.Helper()
	began := time.Now()
	eventually(t, p.Name+" is ready", func() bool {
		resp, err := http.Get(p.Address("ops") + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return time.Since(began)
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

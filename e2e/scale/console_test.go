package scale

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// TestConsole starts a control plane on a database, joins nodes to it, and measures the console's pages on it in a
// browser (webui/e2e/scale.spec.ts). It does nothing unless TRUNKLINE_SCALE_DATABASE is the URL of a database of its own,
// which may hold calls:
//
//	go run ./webui/e2e/seed -database "$TRUNKLINE_SCALE_DATABASE" -large -days 28 -per-hour 16000
//	TRUNKLINE_SCALE_NODES=200 go test ./e2e/scale -run TestConsole -v -timeout 60m
//
// The console must be built (npm --prefix webui run build). ONLY=/calls measures some of the pages; with DATABASE_PID, the process
// of PostgreSQL, the database's processor time is told too.
func TestConsole(t *testing.T) {
	database := os.Getenv("TRUNKLINE_SCALE_DATABASE")
	if database == "" {
		t.Skip("TRUNKLINE_SCALE_DATABASE names no database")
	}
	count, _ := strconv.Atoi(os.Getenv("TRUNKLINE_SCALE_NODES"))
	p := startPlane(t, database)
	p.log("started")
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	if count > 0 {
		f := join(t, p, count)
		for i, n := range f.nodes {
			n.cooling = coolingOf(i)
			wg.Go(func() { n.run(ctx) })
		}
	}
	cpu := p.cpu()
	cmd := exec.CommandContext(t.Context(), "npx", "playwright", "test", "scale.spec")
	cmd.Dir = filepath.Join("..", "..", "webui")
	cmd.Env = append(os.Environ(), "SCALE=1", "CONSOLE_URL="+p.Address("console"), "CONSOLE_PASSWORD="+password, fmt.Sprint("CONSOLE_PID=", p.Pid()))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("measure: %v", err)
	}
	p.log(fmt.Sprintf("measured, of which CPU %.1fs", p.cpu()-cpu))
}

// coolingOf are providers that a node says are cooling down: some of fifty, so that what pages read of a fleet is not empty.
func coolingOf(node int) []string {
	var all []string
	for i := range 20 {
		all = append(all, fmt.Sprintf("provider-%04d", (node+i)%50))
	}
	return all
}

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// onServer is the distributed stack on a PostgreSQL server of its own, so that it can be hurt.
func onServer(t *testing.T) (*stack, *testenv.PostgresServer) {
	t.Helper()
	s := newStack(t)
	database := testenv.NewPostgres(t)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + database.Database(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config, "--apply-mode", "replace")
	for i := range 2 {
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", []string{
			"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
		}, "--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.admin = s.plane.Address("console")
	s.awaitNodes(2)
	s.api = s.balance()
	return s, database
}

// awaitReady waits until the process calls itself ready and returns how long that took.
func awaitReady(t *testing.T, p *program.Process) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		resp, err := http.Get(p.Address("ops") + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began)
			}
		}
		if time.Since(began) > patience {
			t.Fatalf("%s is not ready within %s", p.Name, patience)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Control plane and database dead, every node killed and started again: they serve what
// they served before.
func TestNodesRestartWithoutTheControlPlane(t *testing.T) {
	t.Parallel()
	s, database := onServer(t)
	l := newLoad(t, s, "first-500")
	l.more(s, 50)
	l.end()
	s.plane.Kill()
	database.Kill(t)
	for _, node := range s.nodes {
		began := time.Now()
		node.Restart()
		awaitReady(t, node)
		if took := time.Since(began); took > prompt {
			t.Errorf("%s served %s after its start, want at most %s", node.Args, took, prompt)
		}
		age := metrics(t, node.Address("ops"))["trunkline_snapshot_age_seconds"]
		if age <= 0 || age > patience.Seconds() {
			t.Errorf("the snapshot is %v s old", age)
		}
	}
	l = newLoad(t, s, "first-500")
	l.more(s, 100)
	l.end()
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed on nodes that run from their disks", n)
	}

	database.Restart(t)
	s.plane.Run()
	s.awaitNodes(2)
	for _, node := range s.nodes {
		// What the fleet knew of the nodes before the control plane was killed is listed at once.
		s.eventually("the snapshot is not old with the control plane there", func(context.Context) bool {
			return metrics(t, node.Address("ops"))["trunkline_snapshot_age_seconds"] == 0
		})
	}
}

// A damaged newest snapshot costs one revision, a damaged cache costs the node its start
// without the control plane, and neither costs more.
func TestDamagedSnapshotOnDisk(t *testing.T) {
	t.Parallel()
	s, _ := onServer(t)
	writeConfig(t, s, "kind: Group\nname: plain\nmembers: [{provider: good, model: ok, priority: 3}]\n")
	s.plane.Stop()
	s.plane.Run() // --apply-mode=replace makes a new revision
	s.awaitNodes(2)
	node := s.nodes[0]
	files := snapshotFiles(t, node)
	if len(files) < 2 {
		t.Fatalf("files %v, want at least two revisions", files)
	}
	s.plane.Kill()

	damage(t, files[len(files)-1])
	node.Restart()
	awaitReady(t, node)
	s.nodes = s.nodes[:1]
	l := newLoad(t, s, "plain")
	l.more(s, 20)
	l.end()
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed on the revision before", n)
	}

	for _, file := range files[:len(files)-1] { // the newest is damaged already
		damage(t, file)
	}
	node.Restart()
	resp, err := http.Get(node.Address("ops") + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz says %d with nothing to serve, want 503", resp.StatusCode)
	}
	s.plane.Run()
	s.eventually("the node takes the snapshot again", func(context.Context) bool {
		resp, err := http.Get(node.Address("ops") + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// grace is how old a call must be to outlive a kill: 20 ms, and what the machine stalls.
const grace = 300 * time.Millisecond

// Calls that clients got an answer to more than a moment before a node was killed are in
// the log, once each, though control plane and database were dead at the time.
func TestCallsOutliveTheNode(t *testing.T) {
	t.Parallel()
	s, database := onServer(t)
	l := newLoad(t, s, "first-500")
	l.more(s, 100)
	s.plane.Kill()
	database.Kill(t)
	l.more(s, 200)
	l.end()
	time.Sleep(grace)
	for _, node := range s.nodes {
		node.Restart()
		awaitReady(t, node)
	}
	again := newLoad(t, s, "plain")
	again.more(s, 100)
	again.end()
	time.Sleep(grace)
	waiting := 0.0
	for _, node := range s.nodes {
		node.Restart()
		awaitReady(t, node)
		waiting += metrics(t, node.Address("ops"))["trunkline_call_records_waiting"]
	}
	if waiting < 300 {
		t.Errorf("%v calls wait on the disks of the nodes, want at least the 300 that were answered", waiting)
	}

	database.Restart(t)
	s.plane.Run()
	s.awaitNodes(2)
	for _, node := range s.nodes {
		node.Stop() // ships what waits
	}
	stored := s.callsStored() // fails the test if one is stored twice
	for _, load := range []*load{l, again} {
		missing := 0
		for id := range load.ids {
			if stored[id] == nil {
				missing++
			}
		}
		if missing > 0 {
			t.Errorf("%d of %d answered calls are not in the log", missing, len(load.ids))
		}
		if n := load.failed.Load(); n != 0 {
			t.Errorf("%d calls failed", n)
		}
	}
	for _, node := range s.nodes {
		files, err := filepath.Glob(filepath.Join(node.Dir, "data", "calls", "*.calls"))
		if err != nil || len(files) > 1 {
			t.Errorf("files %q are left, %v; want what was shipped to be gone", files, err)
		}
	}
}

// A data folder belongs to one node.
func TestTwoNodesInOneFolder(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	node := s.nodes[0]
	cmd := exec.CommandContext(t.Context(), programs.Path(t, node.Name), "--listen", anyPort, "--ops-listen", anyPort)
	cmd.Dir = node.Dir
	cmd.Env = node.Env
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "TRUNKLINE_DATA_DIR") {
		t.Errorf("a second node in the folder: %v\n%s", err, out)
	}
}

// writeConfig makes the declarative file say this instead.
func writeConfig(t *testing.T, s *stack, text string) {
	t.Helper()
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// snapshotFiles are those of a node, oldest revision first.
func snapshotFiles(t *testing.T, node *program.Process) []string {
	t.Helper()
	var files []string
	for _, kind := range []string{"*.trunkline", "*.change"} {
		found, err := filepath.Glob(filepath.Join(node.Dir, "data", "snapshots", kind))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return files
}

// damage flips one bit in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

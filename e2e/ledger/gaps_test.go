package ledger

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// one starts an all-in-one for calls one by one.
func one(t *testing.T) (*fleet, func()) {
	t.Helper()
	f := &fleet{t: t, kills: map[int][]time.Time{}, errors: map[string]int{}}
	f.up = programs.Start(t, "fakeprovider", nil, "--listen", anyPort)
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config(f.up.Address("api"))), 0o600); err != nil {
		t.Fatal(err)
	}
	f.plane = programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret"},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	f.nodes = []*program.Process{f.plane}
	awaitReady(t, f.plane)
	return f, func() {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.plane.Address("console")+"/v1/chat/completions",
			strings.NewReader(`{"model": "small", "messages": [{"role": "user", "content": "hello"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+appKey)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", resp.StatusCode, err)
		}
	}
}

// awaitGaps waits until the gaps are of these reasons, the newest first.
func awaitGaps(t *testing.T, f *fleet, reasons ...string) []*adminv1.Gap {
	t.Helper()
	var gaps []*adminv1.Gap
	eventually(t, "gaps: "+strings.Join(reasons, ", "), func() bool {
		gaps = f.gaps()
		var have []string
		for _, g := range gaps {
			have = append(have, g.GetReason())
		}
		return strings.Join(have, ", ") == strings.Join(reasons, ", ")
	})
	return gaps
}

// What was killed says so when it starts again; what was stopped does not.
func TestAKillLeavesAGap(t *testing.T) {
	t.Parallel()
	f, call := one(t)
	call()
	f.plane.Stop()
	f.plane.Run()
	awaitReady(t, f.plane)
	call()
	began := time.Now()
	f.plane.Kill()
	f.plane.Run()
	awaitReady(t, f.plane)
	call()
	g := awaitGaps(t, f, "killed")[0]
	if g.GetNode() == "" || g.GetCalls() != 0 || !g.GetCallsUnknown() || g.GetSummed() ||
		!g.GetStartTime().AsTime().Before(began) || g.GetEndTime().AsTime().Before(began) || g.GetEndTime().AsTime().After(time.Now()) {
		t.Errorf("the gap of a kill at %v: %v", began, g)
	}
}

// A database that is set back lacks what it had stored since; the node knows.
func TestARestoredDatabaseHasAGap(t *testing.T) {
	t.Parallel()
	f, call := one(t)
	shipped := func(n float64) {
		eventually(t, "calls are stored", func() bool { return metrics(t, f.plane)["trunkline_call_records_shipped_total"] >= n })
	}
	call()
	shipped(1)
	f.plane.Stop()
	files, err := filepath.Glob(filepath.Join(f.plane.Dir, "data", "trunkline.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database: %v", err)
	}
	backup := map[string][]byte{}
	for _, file := range files {
		if backup[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	f.plane.Run()
	awaitReady(t, f.plane)
	before := time.Now()
	call()
	shipped(1)
	f.plane.Stop()
	for _, file := range append(files, files[0]+"-wal", files[0]+"-shm") {
		if content, kept := backup[file]; kept {
			err = os.WriteFile(file, content, 0o600)
		} else if err = os.Remove(file); os.IsNotExist(err) {
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f.plane.Run()
	awaitReady(t, f.plane)
	after := time.Now()
	call()
	g := awaitGaps(t, f, "database_restored")[0]
	if g.GetNode() == "" || !g.GetCallsUnknown() || !g.GetStartTime().AsTime().Before(before) ||
		g.GetEndTime().AsTime().Before(before) || g.GetEndTime().AsTime().After(after) {
		t.Errorf("the gap between %v and %v: %v", before, after, g)
	}
}

package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/controlplane/store/storetest"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// crashEnv holds the URL of the database that TestCrashingWriter writes to.
const crashEnv = "TRUNKLINE_STORE_CRASH_URL"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestKilledWriterLosesNothingItReported kills a process with SIGKILL while it writes,
// and compares what it had reported as done with what is there.
func TestKilledWriterLosesNothingItReported(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return sqliteURL(filepath.Join(t.TempDir(), "trunkline.db")) },
		"postgres": func(t *testing.T) string { return testenv.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			revision, call := 0, ""
			for range 3 {
				revision, call = runUntilKilled(t, url, 10)
			}
			s := open(t, store.Config{URL: url})
			c, err := s.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			// The last change may have been committed and not yet reported.
			if got := int(c.Revision); got < revision || got > revision+1 {
				t.Errorf("the database is at revision %d, the writer reported %d", got, revision)
			}
			changes, err := s.Changes(t.Context(), 0, 1_000_000)
			if err != nil {
				t.Fatal(err)
			}
			if len(changes) != int(c.Revision) {
				t.Errorf("%d lines in the change log at revision %d", len(changes), c.Revision)
			}
			if _, err := s.GetCall(t.Context(), call); err != nil {
				t.Errorf("a call that was reported as stored: %v", err)
			}
			// Whatever a kill interrupted, each call is in the sums once.
			calls, err := s.ListCalls(t.Context(), calllog.Filter{Limit: 1_000_000})
			if err != nil {
				t.Fatal(err)
			}
			q := calllog.UsageQuery{From: time.Unix(0, 0), To: time.Unix(1, 0).Add(time.Hour)}
			for range 2 {
				sums, err := s.Usage(t.Context(), q)
				if err != nil || len(sums) != 1 || sums[0].Total.Calls != int64(len(calls)) {
					t.Errorf("of %d calls the sums are %+v, %v", len(calls), sums, err)
				}
				if _, err := s.FoldUsage(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// runUntilKilled starts a writer, kills it after some reports and returns the last one.
func runUntilKilled(t *testing.T, url string, reports int) (revision int, call string) {
	t.Helper()
	writer := exec.Command(os.Args[0], "-test.run=^TestCrashingWriter$")
	writer.Env = append(os.Environ(), crashEnv+"="+url)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if n, _ := fmt.Sscanf(lines.Text(), "done %d %s", &revision, &call); n != 2 {
			t.Errorf("the writer says %q", lines.Text())
			break
		}
		if reports--; reports == 0 {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return revision, call
}

// TestCrashingWriter is the process that is killed: it writes forever and reports what
// is done.
func TestCrashingWriter(t *testing.T) {
	url := os.Getenv(crashEnv)
	if url == "" {
		t.Skip("only as a child process")
	}
	s := open(t, store.Config{URL: url})
	update := storetest.Operations(nil)["Update"]
	for {
		if err := update(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		c, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("call-%d", c.Revision)
		if _, _, err := s.InsertCalls(t.Context(), "node", []*nodev1.Call{{Id: id}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FoldUsage(t.Context()); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("done %d %s\n", c.Revision, id)
	}
}

// TestFrozenReplicaDoesNotBlockTheOthers: one replica stops in the middle of a change,
// while it holds the revision row.
func TestFrozenReplicaDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	healthy := open(t, store.Config{URL: url}) // makes the schema, without a limit on how long that may idle
	frozen := open(t, store.Config{URL: url + "&idle_in_transaction_session_timeout=1000"})
	update := storetest.Operations(nil)["Update"]

	holding, thaw, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := frozen.Update(t.Context(), "frozen", nil, func(*controlplane.Config) ([]controlplane.Op, error) {
			close(holding)
			<-thaw
			return []controlplane.Op{{Kind: controlplane.KindSettings, Name: controlplane.SettingsName, Spec: controlplane.KindSettings.New()}}, nil
		})
		ended <- err
	}()
	<-holding
	if err := update(t.Context(), healthy); err != nil {
		t.Errorf("the healthy replica: %v", err)
	}
	close(thaw)
	if err := <-ended; errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("the frozen replica: %v, want unavailable: another one has taken its revision", err)
	}
	c, err := healthy.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Revision != 1 || c.Count(controlplane.KindSettings) != 0 {
		t.Errorf("revision %d with %d settings, want 1 with none", c.Revision, c.Count(controlplane.KindSettings))
	}
}

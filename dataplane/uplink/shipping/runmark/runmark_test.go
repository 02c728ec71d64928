package runmark_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/runmark"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string, now time.Time) *runmark.Mark {
	t.Helper()
	m, err := runmark.Open(runmark.Config{Path: path, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestACrashIsToldFromAStop(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	m := open(t, path, noon)
	if at := m.Crashed(); !at.IsZero() {
		t.Errorf("the first start: a crash at %v", at)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = open(t, path, noon.Add(time.Hour))
	if at := m.Crashed(); !at.IsZero() {
		t.Errorf("after a stop: a crash at %v", at)
	}
	// It is killed without having written anything more.
	m = open(t, path, noon.Add(2*time.Hour))
	if at := m.Crashed(); !at.Equal(noon.Add(time.Hour)) {
		t.Errorf("killed at once: complete until %v, want the start", at)
	}
	m.Complete(noon.Add(3 * time.Hour))
	m.Complete(noon.Add(time.Minute)) // a clock that was set back
	m = open(t, path, noon.Add(4*time.Hour))
	if at := m.Crashed(); !at.Equal(noon.Add(3 * time.Hour)) {
		t.Errorf("killed: complete until %v", at)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if at := open(t, path, noon.Add(5*time.Hour)).Crashed(); !at.IsZero() {
		t.Errorf("the crash before the last stop is told again: %v", at)
	}
}

func TestReceiptsOutliveStopAndCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	m := open(t, path, noon)
	if r := m.Receipt(); r != nil {
		t.Errorf("receipt %v before any", r)
	}
	m.Keep(nil)
	m.Keep(&nodev1.Receipt{Number: 7, StoredUs: 11})
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = open(t, path, noon)
	if r := m.Receipt(); r.GetNumber() != 7 || r.GetStoredUs() != 11 {
		t.Errorf("receipt %v", r)
	}
	m.Keep(&nodev1.Receipt{Number: 8, StoredUs: 12})
	m.Complete(noon)
	if r := open(t, path, noon).Receipt(); r.GetNumber() != 8 || r.GetStoredUs() != 12 {
		t.Errorf("receipt %v after a crash", r)
	}
}

// Whatever a crash leaves of the line, it is a crash, at the time of the file.
func TestADamagedMarkIsACrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	if err := open(t, path, noon).Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good[:len(good)-1] {
		for what, bad := range map[string][]byte{"cut": good[:i], "flipped": append(append([]byte{}, good[:i]...), append([]byte{good[i] ^ 1}, good[i+1:]...)...)} {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, noon, noon); err != nil {
				t.Fatal(err)
			}
			if at := open(t, path, noon.Add(time.Hour)).Crashed(); !at.Equal(noon) {
				t.Fatalf("byte %d %s: complete until %v, want the time of the file", i, what, at)
			}
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]runmark.Config{
		"no path":   {Logger: slog.New(slog.DiscardHandler)},
		"no logger": {Path: filepath.Join(t.TempDir(), "run")},
		"no folder": {Path: filepath.Join(t.TempDir(), "none", "run"), Logger: slog.New(slog.DiscardHandler)},
	} {
		if _, err := runmark.Open(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

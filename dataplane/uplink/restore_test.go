package uplink_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/pace"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func sealer(t *testing.T) *sealedfile.Sealer {
	t.Helper()
	s, err := sealedfile.New([]byte("let-me-in"), "node-1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func snapshots(t *testing.T, dir string) *lastgood.Store {
	t.Helper()
	s, err := lastgood.Open(lastgood.Config{Dir: dir, Sealer: sealer(t), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nowhere is an uplink's configuration without a control plane, and what it applied last.
func nowhere(t *testing.T, dir string) (uplink.Config, *atomic.Uint64) {
	t.Helper()
	cfg := unreachable()
	cfg.Sync.Snapshots = snapshots(t, dir)
	var applied atomic.Uint64
	cfg.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error { applied.Store(s.GetRevision()); return nil }
	return cfg, &applied
}

// feed runs an uplink that receives the revisions and keeps them in dir.
func feed(t *testing.T, dir string, revisions ...uint64) {
	t.Helper()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Sync.Snapshots = snapshots(t, dir)
	_, stop := start(t, cfg)
	for i, r := range revisions {
		p.push <- full(t, uint64(i+1), r)
		if get(t, "answer", p.answers).GetAck().GetRevision() != r {
			t.Fatalf("revision %d was not acknowledged", r)
		}
	}
	stop()
}

func TestNodeStartsFromItsDiskWithoutTheControlPlane(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed(t, dir, 3, 4)
	cfg, applied := nowhere(t, dir)
	cfg.Sync.HeadStart = time.Hour // a failed try must be enough
	later := time.Now().Add(time.Hour)
	cfg.Now = func() time.Time { return later }
	u, _ := start(t, cfg)
	get(t, "ready", u.Ready())
	if applied.Load() != 4 || u.Revision() != 4 {
		t.Errorf("applied %d, says %d, want 4", applied.Load(), u.Revision())
	}
	if age := u.SnapshotAge(); age < 59*time.Minute || age > time.Hour+time.Minute {
		t.Errorf("the snapshot is %s old, want an hour", age)
	}
}

func TestNodeSaysWhatItHasOnItsDiskAndTakesWhatIsNewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed(t, dir, 4)
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg, applied := nowhere(t, dir)
	cfg.Target, cfg.DialOptions = target, options
	cfg.Sync.HeadStart = time.Hour
	u, _ := start(t, cfg)
	hello := get(t, "hello", p.hellos)
	if hello.GetHaveRevision() != 4 || !bytes.Equal(hello.GetHaveSha256(), full(t, 1, 4).GetSha256()) {
		t.Errorf("hello %v, want revision 4 and its hash", hello)
	}
	if applied.Load() != 4 {
		t.Errorf("serves %d before the control plane answers, want 4", applied.Load())
	}
	select {
	case <-u.Ready():
		t.Error("ready before the control plane had its head start")
	default:
	}
	p.push <- full(t, 1, 5)
	get(t, "ready", u.Ready())
	if applied.Load() != 5 || u.SnapshotAge() != 0 {
		t.Errorf("serves %d, age %s; want 5, none", applied.Load(), u.SnapshotAge())
	}
}

func TestHeadStartEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed(t, dir, 4)
	p := newPlane()
	p.silent = true
	lis, target, options := memory()
	p.serve(t, lis)
	cfg, _ := nowhere(t, dir)
	cfg.Target, cfg.DialOptions = target, options
	cfg.Sync.HeadStart = 20 * time.Millisecond
	u, _ := start(t, cfg)
	get(t, "ready", u.Ready())
}

func TestDamagedGenerationFallsBackToTheOneBefore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bad  []string // files that are damaged
		want uint64   // 0: not ready
	}{
		{"none", nil, 5},
		{"newest", []string{"0-00000000000000000005.trunkline"}, 4},
		{"two", []string{"0-00000000000000000005.trunkline", "0-00000000000000000004.trunkline"}, 3},
		{"all", []string{"0-00000000000000000005.trunkline", "0-00000000000000000004.trunkline", "0-00000000000000000003.trunkline"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			feed(t, dir, 3, 4, 5)
			for _, name := range tt.bad {
				raw, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				raw[len(raw)/2] ^= 1
				if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cfg, applied := nowhere(t, dir)
			tried := make(chan struct{}, 100)
			cfg.DialOptions = append(cfg.DialOptions, refuse(tried))
			u, _ := start(t, cfg)
			if tt.want != 0 {
				get(t, "ready", u.Ready())
			} else {
				for range 3 {
					get(t, "try to connect", tried)
				}
				select {
				case <-u.Ready():
					t.Error("ready without a snapshot")
				default:
				}
			}
			if applied.Load() != tt.want || u.Revision() != tt.want {
				t.Errorf("serves %d, says %d, want %d", applied.Load(), u.Revision(), tt.want)
			}
		})
	}
}

func TestSnapshotThatEndedTheNodeIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed(t, dir, 3, 4)
	// The node dies while it applies 5: a mark is all that is left.
	if _, err := snapshots(t, dir).Begin(5, digestOf(t, 5)); err != nil {
		t.Fatal(err)
	}
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg, applied := nowhere(t, dir)
	cfg.Target, cfg.DialOptions = target, options
	u, _ := start(t, cfg)
	if hello := get(t, "hello", p.hellos); hello.GetHaveRevision() != 4 {
		t.Errorf("hello with revision %d, want 4", hello.GetHaveRevision())
	}
	p.push <- full(t, 1, 5)
	nack := get(t, "answer", p.answers).GetNack()
	if nack.GetRevision() != 5 || !strings.HasPrefix(nack.GetReason(), "CRASHED: ") || applied.Load() != 4 {
		t.Errorf("nack %v, serves %d", nack, applied.Load())
	}
	p.push <- full(t, 2, 6)
	if get(t, "answer", p.answers).GetAck().GetRevision() != 6 || u.Revision() != 6 {
		t.Error("the revision after it was not taken")
	}
}

// A snapshot on disk that ends the process at each start must end it only once each.
func TestCrashLoopFromDiskEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed(t, dir, 3, 4)
	if _, err := snapshots(t, dir).Begin(4, digestOf(t, 4)); err != nil {
		t.Fatal(err)
	}
	cfg, applied := nowhere(t, dir)
	u, _ := start(t, cfg)
	get(t, "ready", u.Ready())
	if applied.Load() != 3 {
		t.Errorf("serves %d, want 3", applied.Load())
	}
}

func TestRefusedSnapshotIsNeitherKeptNorQuarantined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg, _ := nowhere(t, dir)
	cfg.Target, cfg.DialOptions = target, options
	cfg.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error {
		switch s.GetRevision() {
		case 2:
			return errors.New("no")
		case 3:
			panic("no")
		}
		return nil
	}
	_, stop := start(t, cfg)
	for r := uint64(1); r <= 3; r++ {
		p.push <- full(t, r, r)
		get(t, "answer", p.answers)
	}
	stop()
	s := snapshots(t, dir)
	list, err := s.Generations()
	if err != nil || len(list) != 1 || list[0].Revision != 1 {
		t.Errorf("kept %v, %v; want revision 1", list, err)
	}
	if s.Crashed(2, digestOf(t, 2)) || s.Crashed(3, digestOf(t, 3)) {
		t.Error("a refusal counts as a crash")
	}
}

func TestDiskThatFailsKeepsNoSnapshotAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "snapshots")
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg, applied := nowhere(t, dir)
	cfg.Target, cfg.DialOptions = target, options
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	start(t, cfg)
	p.push <- full(t, 1, 1)
	if get(t, "answer", p.answers).GetAck() == nil || applied.Load() != 1 {
		t.Errorf("serves %d, want 1", applied.Load())
	}
}

package uplink_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestSnapshotIsAppliedAndAcknowledged(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"tcp", "memory"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			p := newPlane()
			var cfg uplink.Config
			if link == "tcp" {
				lis := listen(t, "127.0.0.1:0")
				p.serve(t, lis)
				cfg = config(lis.Addr().String())
			} else {
				lis, target, options := memory()
				p.serve(t, lis)
				cfg = config(target)
				cfg.DialOptions = options
			}
			applied := make(chan *nodev1.Snapshot, 1)
			cfg.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error { applied <- s; return nil }
			cfg.Sync.BootID = "boot-a"
			u, _ := start(t, cfg)

			hello := get(t, "hello", p.hellos)
			if diff := cmp.Diff(&nodev1.Hello{Node: "node-1", BootId: "boot-a", Version: "v1.2.3", DigestFormat: docset.DigestFormat}, hello, protocmp.Transform(), clocks); diff != "" {
				t.Errorf("hello (-want +got):\n%s", diff)
			}
			select {
			case <-u.Ready():
				t.Error("ready without a snapshot")
			default:
			}
			p.push <- full(t, 7, 42)
			if s := get(t, "snapshot", applied); s.GetRevision() != 42 || s.GetGroups()[0].GetName() != "chat" {
				t.Errorf("applied %v", s)
			}
			ack := get(t, "answer", p.answers).GetAck()
			if ack.GetNonce() != 7 || ack.GetRevision() != 42 {
				t.Errorf("ack %v, want nonce 7 and revision 42", ack)
			}
			get(t, "ready", u.Ready())
			if u.Revision() != 42 {
				t.Errorf("revision %d, want 42", u.Revision())
			}
		})
	}
}

func TestRefusedSnapshotsLeaveTheOldOne(t *testing.T) {
	t.Parallel()
	raw := []byte("not a snapshot: \xff\xff\xff\xff")
	sum := sha256.Sum256(raw)
	bomb := make([]byte, 32<<20+1)
	bombSum := sha256.Sum256(bomb)
	good := full(t, 2, 2)
	flipped := bytes.Clone(good.GetSha256())
	flipped[0] ^= 1

	for _, tt := range []struct {
		name  string
		full  *nodev1.Full
		apply func(*nodev1.Snapshot, *pace.Pace) error
		want  string
	}{
		{name: "apply fails", full: good, apply: func(*nodev1.Snapshot, *pace.Pace) error { return errors.New("group \"x\" has no sense") }, want: `group "x" has no sense`},
		{name: "apply panics", full: good, apply: func(s *nodev1.Snapshot, _ *pace.Pace) error { panic("index out of range") }, want: "panic while applying it: index out of range"},
		{name: "reason is bounded", full: good, apply: func(*nodev1.Snapshot, *pace.Pace) error { return errors.New(strings.Repeat("é", 9000)) }, want: strings.Repeat("é", 2048)},
		{name: "wrong hash", full: &nodev1.Full{Nonce: 2, Revision: 2, Sha256: flipped, SnapshotZstd: good.GetSnapshotZstd()}, want: "SHA-256 is not the announced one"},
		{name: "no hash", full: &nodev1.Full{Nonce: 2, Revision: 2, SnapshotZstd: good.GetSnapshotZstd()}, want: "SHA-256 is not the announced one"},
		{name: "cut short", full: &nodev1.Full{Nonce: 2, Revision: 2, Sha256: good.GetSha256(), SnapshotZstd: good.GetSnapshotZstd()[:10]}, want: "decompress snapshot"},
		{name: "not compressed", full: &nodev1.Full{Nonce: 2, Revision: 2, Sha256: sum[:], SnapshotZstd: raw}, want: "decompress snapshot"},
		{name: "not a snapshot", full: &nodev1.Full{Nonce: 2, Revision: 2, Sha256: sum[:], SnapshotZstd: pack(t, raw)}, want: "decode snapshot"},
		{name: "too large", full: &nodev1.Full{Nonce: 2, Revision: 2, Sha256: bombSum[:], SnapshotZstd: pack(t, bomb)}, want: "larger than 33554432 bytes"},
		{name: "other revision", full: &nodev1.Full{Nonce: 2, Revision: 3, Sha256: good.GetSha256(), SnapshotZstd: good.GetSnapshotZstd()}, want: "is of revision 2 but was announced as 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlane()
			lis, target, options := memory()
			p.serve(t, lis)
			cfg := config(target)
			cfg.DialOptions = options
			var applied atomic.Uint64
			cfg.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error {
				if s.GetRevision() == 2 && tt.apply != nil {
					return tt.apply(s, nil)
				}
				applied.Store(s.GetRevision())
				return nil
			}
			u, _ := start(t, cfg)
			p.push <- full(t, 1, 1)
			if get(t, "answer", p.answers).GetAck() == nil {
				t.Fatal("the good snapshot was not acknowledged")
			}
			p.push <- tt.full
			nack := get(t, "answer", p.answers).GetNack()
			if nack.GetNonce() != 2 || nack.GetRevision() != tt.full.GetRevision() || !strings.Contains(nack.GetReason(), tt.want) {
				t.Errorf("nack %v, want nonce 2 and reason %q", nack, tt.want)
			}
			if len(nack.GetReason()) > 4096 {
				t.Errorf("the reason has %d bytes", len(nack.GetReason()))
			}
			if applied.Load() != 1 || u.Revision() != 1 {
				t.Errorf("serves %d, says %d, want 1", applied.Load(), u.Revision())
			}
			p.push <- full(t, 3, 4)
			if ack := get(t, "answer", p.answers).GetAck(); ack.GetRevision() != 4 || u.Revision() != 4 {
				t.Errorf("the next good one was not taken: %v", ack)
			}
		})
	}
}

func TestReconnectSaysWhatTheNodeHas(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis := listen(t, "127.0.0.1:0")
	stop := p.serve(t, lis)
	var applies atomic.Int32
	cfg := config(lis.Addr().String())
	cfg.Sync.Apply = func(*nodev1.Snapshot, *pace.Pace) error { applies.Add(1); return nil }
	u, _ := start(t, cfg)
	first := get(t, "hello", p.hellos)
	sent := full(t, 1, 5)
	p.push <- sent
	get(t, "ack", p.answers)

	stop()
	if u.Revision() != 5 {
		t.Errorf("revision %d after the control plane is gone, want 5", u.Revision())
	}
	p = newPlane()
	p.serve(t, listen(t, lis.Addr().String()))
	again := get(t, "hello", p.hellos)
	if again.GetHaveRevision() != 5 || !bytes.Equal(again.GetHaveSha256(), sent.GetSha256()) {
		t.Errorf("hello %v, want revision 5 and its hash", again)
	}
	if again.GetBootId() == "" || again.GetBootId() != first.GetBootId() {
		t.Errorf("boot id %q, then %q", first.GetBootId(), again.GetBootId())
	}
	p.push <- sent // needlessly
	if get(t, "answer", p.answers).GetAck() == nil || applies.Load() != 1 {
		t.Errorf("applied %d times, want once", applies.Load())
	}
}

func TestMessageOfANewerControlPlaneIsPassedOver(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	start(t, cfg)
	p.push <- nil
	p.push <- full(t, 1, 1)
	if get(t, "answer", p.answers).GetAck().GetRevision() != 1 {
		t.Error("the snapshot after it was not acknowledged")
	}
}

func TestRefusalIsNotTheEnd(t *testing.T) {
	t.Parallel()
	p := newPlane()
	var tries atomic.Int32
	p.accept = func(md metadata.MD) error {
		if sent := md.Get("authorization"); sent != nil {
			t.Errorf("authorization %q", sent)
		}
		if tries.Add(1) < 4 {
			return status.Error(codes.Unauthenticated, "not yet")
		}
		return nil
	}
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	var log bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	u, stop := start(t, cfg)
	p.push <- full(t, 1, 1)
	get(t, "ready", u.Ready())
	stop()
	if tries.Load() != 4 {
		t.Errorf("%d tries, want 4", tries.Load())
	}
	if n := strings.Count(log.String(), "cannot reach the control plane"); n != 1 || !strings.Contains(log.String(), "not yet") {
		t.Errorf("three equal refusals were logged %d times, want once with the reason:\n%s", n, &log)
	}
	if strings.Contains(log.String(), "let-me-in") {
		t.Error("the token is in the log")
	}
}

func TestControlPlaneThatDoesNotAnswerIsLeft(t *testing.T) {
	t.Parallel()
	p := newPlane()
	p.silent = true
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.AnswerTimeout = 50 * time.Millisecond
	start(t, cfg)
	for range 3 {
		get(t, "hello", p.hellos)
	}
}

func TestStatusIsSentAtOnceOnChangeAndRegularly(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Sync.StatusInterval = time.Hour
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	cfg.Sync.Status = func() syncing.Status {
		return syncing.Status{InFlight: 3, Targets: []dataplane.ScopeHealth{
			{Scope: dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "a", Name: "m"}, Threshold: 5},
			{Scope: dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "b", Name: "m"}, Condition: dataplane.Condition{Failures: 2}, Threshold: 5},
			{Scope: dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "b", Name: "main"}, Condition: dataplane.Condition{
				State: dataplane.Open, Until: now.Add(1500 * time.Millisecond), Reason: dataplane.AuthFailed, Failures: 1}, Threshold: 1},
			{Scope: dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "c"}, Condition: dataplane.Condition{
				State: dataplane.HalfOpen, Until: now.Add(-time.Second), Reason: dataplane.Unreachable}, Threshold: 5},
			{Scope: dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "d"}, Condition: dataplane.Condition{
				State: dataplane.Open, Until: now.Add(-time.Second), Reason: dataplane.Unreachable}, Threshold: 5},
		}}
	}
	u, _ := start(t, cfg)
	want := &nodev1.Status{InFlight: 3, Targets: []*nodev1.TargetHealth{
		{Provider: "b", Credential: "main", State: "cooling", RemainingMs: 1500, Reason: "auth_failed", Failures: 1, Threshold: 1},
		{Provider: "c", State: "probing", Reason: "unreachable", Threshold: 5},
		{Provider: "d", State: "cooling", Reason: "unreachable", Threshold: 5},
		{Provider: "b", Model: "m", State: "degraded", Failures: 2, Threshold: 5},
	}}
	if diff := cmp.Diff(want, get(t, "first status", p.statuses), protocmp.Transform(), statusClocks); diff != "" {
		t.Errorf("first status (-want +got):\n%s", diff)
	}
	p.push <- full(t, 1, 9)
	get(t, "ack", p.answers)
	began := time.Now()
	for range 1000 {
		u.StatusChanged()
	}
	most := 1 + int(time.Since(began)/(150*time.Millisecond)) // a stalled machine may stretch the burst
	if st := get(t, "status after a change", p.statuses); st.GetAppliedRevision() != 9 {
		t.Errorf("status says revision %d, want 9", st.GetAppliedRevision())
	}
	u.StatusChanged()
	get(t, "status after another change", p.statuses)
	if n := 1 + len(p.statuses); n > most {
		t.Errorf("%d more statuses: a thousand changes must make one message", n)
	}
}

func TestStatusComesRegularly(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Sync.StatusInterval = 5 * time.Millisecond
	start(t, cfg)
	for range 4 {
		get(t, "status", p.statuses)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*uplink.Config){
		"no target":        func(c *uplink.Config) { c.Target = "" },
		"no identity":      func(c *uplink.Config) { c.InMemory = false },
		"no node":          func(c *uplink.Config) { c.Node = "" },
		"long node":        func(c *uplink.Config) { c.Node = strings.Repeat("n", 129) },
		"node with a line": func(c *uplink.Config) { c.Node = "a\nb" },
		"node with spaces": func(c *uplink.Config) { c.Node = " a" },
		"no apply":         func(c *uplink.Config) { c.Sync.Apply = nil },
		"no status":        func(c *uplink.Config) { c.Sync.Status = nil },
		"no logger":        func(c *uplink.Config) { c.Logger = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config("127.0.0.1:1")
			spoil(&cfg)
			if _, err := uplink.New(cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
}

package nodeapi

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestRegistryTellsHowNodesStand(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newRegistry(func() time.Time { return clock })
	began := timestamppb.New(clock)
	none := func(error) {}
	b, _ := r.connect(&nodev1.Hello{Node: "b", BootId: "1", Version: "v1", UptimeMs: 1000, WallUs: clock.Add(time.Second).UnixMicro()}, none)
	a, _ := r.connect(&nodev1.Hello{Node: "a", BootId: "1", HaveRevision: 3}, none)
	clock = clock.Add(time.Minute)
	b.applied(4, 0)
	b.status(&nodev1.Status{
		UptimeMs: 61_000, Requests: 120, WallUs: clock.Add(-2 * time.Second).UnixMicro(), SpoolBytes: 4096, SpoolTrouble: "disk full", Draining: true,
		AppliedRevision: 4, InFlight: 2, CallsWaiting: 10, CallsDropped: 1, Redis: "down", KeywordHits: map[string]int64{"busy": 3},
		Targets: []*nodev1.TargetHealth{{Provider: "p", Model: "m", State: "cooling", RemainingMs: 1500, Reason: "busy", Failures: 5, Threshold: 5, Derived: true}},
	})
	b.refused(5, "group has no sense")
	a.disconnect()
	seen := timestamppb.New(clock)
	want := []*adminv1.Node{
		{Name: "a", BootId: "1", Lineage: &adminv1.NodeLineage{}, AppliedRevision: 3, ConnectTime: began, LastSeenTime: seen},
		{
			BootId: "1", Lineage: &adminv1.NodeLineage{}, Uptime: durationpb.New(61 * time.Second), Requests: 120, RequestsPerSecond: 2, ClockOffset: durationpb.New(-2 * time.Second),
			SpoolBytes: 4096, SpoolTrouble: "disk full", Draining: true,
			Name: "b", Version: "v1", Connected: true, AppliedRevision: 4, Error: "revision 5: group has no sense",
			ConnectTime: began, LastSeenTime: seen, InFlight: 2, CallsWaiting: 10, CallsDropped: 1, Redis: "down", KeywordHits: map[string]int64{"busy": 3},
			Targets: []*adminv1.TargetHealth{{
				Provider: "p", Model: "m", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(1500 * time.Millisecond), Reason: "busy", Failures: 5, Threshold: 5, Derived: true,
			}},
		},
	}
	got := r.Nodes()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	got[1].Name = "changed by the caller"
	b.applied(6, 0)
	if n := r.Nodes()[1]; n.GetName() != "b" || n.GetError() != "" || n.GetAppliedRevision() != 6 {
		t.Errorf("after an ack: %v", n)
	}

	clock = clock.Add(forgetAfter)
	if n := len(r.Nodes()); n != 2 {
		t.Errorf("%d nodes after 24h, want both", n)
	}
	clock = clock.Add(time.Second)
	if left := r.Nodes(); len(left) != 1 || left[0].GetName() != "b" {
		t.Errorf("left %v, want the connected one only", left)
	}
}

func TestNewestStreamOfANodeWins(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	ctx, cancel := context.WithCancelCause(t.Context())
	old, replaced := r.connect(&nodev1.Hello{Node: "n", BootId: "first"}, cancel)
	if replaced || ctx.Err() != nil {
		t.Fatal("the only stream was replaced")
	}
	fresh, replaced := r.connect(&nodev1.Hello{Node: "n", BootId: "second"}, func(error) {})
	cause := context.Cause(ctx)
	if !replaced || status.Code(cause) != codes.Aborted || !strings.Contains(cause.Error(), `"second"`) || !strings.Contains(cause.Error(), `"first"`) {
		t.Errorf("replaced %v, cause %v", replaced, cause)
	}
	old.applied(99, 0)
	old.refused(99, "late")
	old.disconnect()
	if n := r.Nodes()[0]; !n.GetConnected() || n.GetAppliedRevision() != 0 || n.GetError() != "" {
		t.Errorf("the old stream changed the node: %v", n)
	}
	fresh.disconnect()
	if r.Nodes()[0].GetConnected() {
		t.Error("still connected")
	}
}

func TestStatusOfTooManyTargetsIsCut(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	s, _ := r.connect(&nodev1.Hello{Node: "n"}, func(error) {})
	targets := make([]*nodev1.TargetHealth, maxTargets+1)
	for i := range targets {
		targets[i] = &nodev1.TargetHealth{}
	}
	s.status(&nodev1.Status{Targets: targets})
	if n := len(r.Nodes()[0].GetTargets()); n != maxTargets {
		t.Errorf("%d targets kept, want %d", n, maxTargets)
	}
}

// What a node says of itself is passed on to every replica all the time, so none of it may
// be of any length.
func TestWhatANodeSaysIsShortened(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	s, _ := r.connect(&nodev1.Hello{Node: "n"}, func(error) {})
	long := strings.Repeat("x", 100_000)
	s.status(&nodev1.Status{
		Targets:     []*nodev1.TargetHealth{{State: long, Provider: long, Model: long, Credential: long, Reason: long}},
		KeywordHits: map[string]int64{long: 1},
		Redis:       long,
	})
	s.revoked(&nodev1.RevokeAck{Kept: []string{long, "app"}, KeptCount: 2})
	s.withholds(&nodev1.Ack{Refused: []*nodev1.RefusedDocument{{Kind: long, Name: long, MissingFeatures: []string{long, "b"}}}, RefusedCount: 7})
	n := r.Nodes()[0]
	if refused := n.GetRefusedDocuments(); len(refused) != 1 || len(refused[0].GetMissingFeatures()) != 2 || n.GetRefusedDocumentCount() != 7 {
		t.Errorf("%d of %d refused documents", len(refused), n.GetRefusedDocumentCount())
	}
	if size := proto.Size(n); size > 10_000 {
		t.Errorf("a node's line has %d bytes", size)
	}
	if kept := n.GetLineage().GetKeptRevocations(); len(kept) != 2 || kept[1] != "app" {
		t.Errorf("kept %.20q", kept)
	}
	s.withholds(&nodev1.Ack{Refused: make([]*nodev1.RefusedDocument, 5000), RefusedCount: 5000})
	if n := r.Nodes()[0]; len(n.GetRefusedDocuments()) != maxRefused || n.GetRefusedDocumentCount() != 5000 {
		t.Errorf("%d of %d refused documents are kept", len(n.GetRefusedDocuments()), n.GetRefusedDocumentCount())
	}
	if len(n.GetTargets()) != 1 || len(n.GetKeywordHits()) != 1 {
		t.Errorf("%d targets and %d keywords, want 1 each", len(n.GetTargets()), len(n.GetKeywordHits()))
	}
}

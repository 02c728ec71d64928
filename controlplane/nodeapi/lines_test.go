package nodeapi

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// taken reports whether the registry said that something urgent changed since the last time.
func taken(r *Registry) bool {
	select {
	case <-r.Urgent():
		return true
	default:
		return false
	}
}

func TestOnlyWhatOthersWaitForIsUrgent(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	if taken(r) {
		t.Error("urgent before anything happened")
	}
	s, _ := r.connect(&nodev1.Hello{Node: "n", HaveRevision: 3}, func(error) {})
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"connect", func() {}, true},
		{"a status", func() { s.status(&nodev1.Status{AppliedRevision: 3, InFlight: 7}) }, false},
		{"a status that tells of a revision", func() { s.status(&nodev1.Status{AppliedRevision: 4}) }, true},
		{"an ack", func() { s.applied(5, 0) }, true},
		{"a nack", func() { s.refused(6, "no") }, true},
		{"a drain", func() { s.status(&nodev1.Status{AppliedRevision: 5, Draining: true}) }, true},
		{"the same again", func() { s.status(&nodev1.Status{AppliedRevision: 5, Draining: true}) }, false},
		{"disconnect", s.disconnect, true},
	} {
		step.do()
		if got := taken(r); got != step.want {
			t.Errorf("%s is urgent: %t, want %t", step.name, got, step.want)
		}
	}
}

func TestLinesNameTheStreamAndCountChanges(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newRegistry(func() time.Time { return clock })
	s, _ := r.connect(&nodev1.Hello{Node: "n", BootId: "boot", UptimeMs: 40}, func(error) {})
	first := r.Lines()[0]
	if first.BootID != "boot" || first.Opened != 40 || !first.Seen.Equal(clock) || first.Change == 0 {
		t.Errorf("line %+v", first)
	}
	if again := r.Lines()[0]; again.Change != first.Change || again.Node != first.Node {
		t.Error("a line changed by itself")
	}
	clock = clock.Add(time.Second)
	s.applied(9, 0)
	later := r.Lines()[0]
	if later.Change <= first.Change || later.Node.GetAppliedRevision() != 9 || first.Node.GetAppliedRevision() != 0 || !later.Seen.Equal(clock) {
		t.Errorf("after an ack: %+v, and the line that was given before: %v", later, first.Node)
	}
	_, _ = r.connect(&nodev1.Hello{Node: "n", BootId: "boot", UptimeMs: 90}, func(error) {})
	if next := r.Lines()[0]; next.Opened != 90 || next.Change <= later.Change {
		t.Errorf("line of the next stream %+v", next)
	}
}

// drains takes what waits in a stream's mailbox and returns the drains among it.
func drains(s *session) (all []bool) {
	for {
		select {
		case m := <-s.mail:
			all = append(all, m.GetDrain().GetDraining())
		default:
			return all
		}
	}
}

func TestDrainIsToldOncePerStream(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	s, _ := r.connect(&nodev1.Hello{Node: "n", BootId: "boot"}, func(error) {})
	r.Drain("n", "boot", false)
	r.Drain("n", "another start", true)
	r.Drain("unknown", "boot", true)
	if got := drains(s); len(got) != 0 {
		t.Errorf("told %v although nothing changes", got)
	}
	r.Drain("n", "boot", true)
	r.Drain("n", "boot", true)
	r.Drain("n", "boot", false)
	if got := drains(s); len(got) != 2 || !got[0] || got[1] {
		t.Errorf("told %v, want a drain and its end", got)
	}
	// Over a new stream a node says that it drains: if it need not any more, it is told.
	s, _ = r.connect(&nodev1.Hello{Node: "n", BootId: "boot"}, func(error) {})
	s.status(&nodev1.Status{Draining: true})
	r.Drain("n", "boot", true)
	if got := drains(s); len(got) != 0 {
		t.Errorf("told %v although it drains already", got)
	}
	r.Drain("n", "boot", false)
	if got := drains(s); len(got) != 1 || got[0] {
		t.Errorf("told %v, want the end of the drain", got)
	}
}

func TestStreamsAreEndedWithTheirReason(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	ctx, cancel := context.WithCancelCause(t.Context())
	s, _ := r.connect(&nodev1.Hello{Node: "n", BootId: "boot", UptimeMs: 5}, cancel)
	r.Supersede("n", "boot", 4)
	r.Forget("n")
	if ctx.Err() != nil || len(r.Lines()) != 1 {
		t.Fatal("another stream's end ended this one, or a connected node was forgotten")
	}
	r.Supersede("n", "boot", 5)
	if code := status.Code(context.Cause(ctx)); code != codes.Aborted {
		t.Errorf("superseded with %s, want %s", code, codes.Aborted)
	}
	s.disconnect()
	if r.End("n", "revoked") {
		t.Error("a stream that is gone was ended")
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	_, _ = r.connect(&nodev1.Hello{Node: "n", BootId: "boot", UptimeMs: 6}, cancel)
	if !r.End("n", "the node is revoked") || status.Code(context.Cause(ctx)) != codes.PermissionDenied {
		t.Errorf("ended with %v", context.Cause(ctx))
	}
}

func TestRequestsPerSecond(t *testing.T) {
	t.Parallel()
	p := pace{uptime: 1000}
	for _, step := range []struct {
		requests, uptime int64
		want             float64
	}{
		{10, 2000, 0},  // too soon to tell
		{40, 3000, 20}, // 40 in 2s
		{90, 4000, 20}, // too soon again
		{140, 8000, 20},
		{140, 10000, 0},
	} {
		if got := p.see(step.requests, step.uptime); got != step.want {
			t.Errorf("%d requests at %dms: %g/s, want %g", step.requests, step.uptime, got, step.want)
		}
	}
}

package run_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/run"
)

// journal is what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// until returns a member that waits for its stop and writes it down.
func (j *journal) until(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		j.add(name)
		return ctx.Err()
	}
}

func TestGroupStopsTheLastStartedFirst(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	g := run.NewGroup(ctx)
	var j journal
	g.Go("store", j.until("store"))
	g.Go("server", func(ctx context.Context) error {
		<-ctx.Done()
		// The store must still run while the server drains.
		j.add("server drains")
		j.add("server")
		return nil
	})
	g.Go("ops", j.until("ops"))
	cancel()
	if err := g.Wait(); err != nil {
		t.Fatalf("Wait after an orderly stop: %v", err)
	}
	want := []string{"ops", "server drains", "server", "store"}
	if !slices.Equal(j.lines, want) {
		t.Errorf("stopped in order %q, want %q", j.lines, want)
	}
}

func TestGroupFailureStopsAllAndIsNamed(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(context.Background())
	broken := errors.New("disk full")
	var j journal
	g.Go("spool", j.until("spool"))
	g.Go("writer", func(context.Context) error { return broken })
	err := g.Wait()
	if !errors.Is(err, broken) || err.Error() != "writer: disk full" {
		t.Errorf("Wait = %v, want writer: disk full", err)
	}
	if !slices.Equal(j.lines, []string{"spool"}) {
		t.Errorf("stopped %q, want the spool", j.lines)
	}
	if again := g.Wait(); !errors.Is(again, broken) {
		t.Errorf("second Wait = %v, want the same error", again)
	}
}

func TestGroupMemberMayEnd(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(context.Background())
	first := make(chan struct{})
	g.Go("migration", func(context.Context) error { close(first); return nil })
	outlived := false
	g.Go("server", func(ctx context.Context) error {
		<-first
		outlived = ctx.Err() == nil
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if !outlived {
		t.Error("a member that ended without error stopped the group")
	}
}

func TestGroupStopIsTolerant(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(context.Background())
	g.Stop()
	g.Stop()
	if err := g.Wait(); err != nil {
		t.Errorf("Wait of an empty, stopped group: %v", err)
	}
	g.Go("late", func(context.Context) error {
		t.Error("a stopped group started a member")
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Errorf("Wait again: %v", err)
	}
}

func TestGroupMemberStartsMembers(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(context.Background())
	ran := false
	g.Go("parent", func(context.Context) error {
		g.Go("child", func(context.Context) error { ran = true; return nil })
		return nil
	})
	if err := g.Wait(); err != nil || !ran {
		t.Errorf("Wait = %v, child ran = %v", err, ran)
	}
}

func TestGroupForeignCancellationIsAnError(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(context.Background())
	g.Go("client", func(context.Context) error { return context.Canceled })
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v; a cancellation that was no stop must not pass as success", err)
	}
}

func TestGroupKeepsContextValues(t *testing.T) {
	t.Parallel()
	type key struct{}
	g := run.NewGroup(context.WithValue(context.Background(), key{}, "trace"))
	var got any
	g.Go("member", func(ctx context.Context) error { got = ctx.Value(key{}); return nil })
	if err := g.Wait(); err != nil || got != "trace" {
		t.Errorf("value = %v, err = %v", got, err)
	}
}

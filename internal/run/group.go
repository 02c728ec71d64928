// Package run owns goroutines. A Group starts them under a name, stops them in order and
// waits for each; Main turns signals and errors into an orderly exit of a command.
package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Group is a set of goroutines that live and die together. It stops when its context is
// done, when a member fails or when Stop is called; then the members are stopped one
// after the other, the last started first, so that what a member was built on outlives
// it. A member that returns nil just ends. Whoever makes a Group must call Wait.
type Group struct {
	ctx  context.Context // done when the group is to stop; its values reach the members
	stop context.CancelFunc
	eg   errgroup.Group

	mu       sync.Mutex // guards the fields below
	members  []*member
	stopping bool
}

// member is one goroutine with its own stop.
type member struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// NewGroup makes a group that stops when ctx is done.
func NewGroup(ctx context.Context) *Group {
	g := &Group{}
	g.ctx, g.stop = context.WithCancel(ctx)
	return g
}

// Go starts fn. Its context is done when it is fn's turn to stop, and fn must return
// soon after that. An error stops the whole group and is returned by Wait as
// "name: error"; the error of a context that was cancelled to stop fn is none. On a group
// that is stopping Go does nothing. After Wait was called only members may call Go.
func (g *Group) Go(name string, fn func(ctx context.Context) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(g.ctx))
	m := &member{cancel: cancel, done: make(chan struct{})}
	g.members = append(g.members, m)
	g.eg.Go(func() error {
		defer close(m.done)
		defer cancel()
		var err error
		// The label shows the name in goroutine and CPU profiles.
		pprof.Do(ctx, pprof.Labels("goroutine", name), func(ctx context.Context) { err = fn(ctx) })
		if err == nil || ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil
		}
		g.stop()
		return fmt.Errorf("%s: %w", name, err)
	})
}

// Stop begins to stop the group and returns at once. It may be called often, and before
// anything was started.
func (g *Group) Stop() { g.stop() }

// Wait blocks until every member has returned and gives the first error. It may be
// called again and then gives the same.
func (g *Group) Wait() error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-g.ctx.Done()
		g.stopMembers()
	}()
	err := g.eg.Wait()
	g.stop()
	<-stopped
	return err
}

// stopMembers stops the members one by one, the last started first.
func (g *Group) stopMembers() {
	g.mu.Lock()
	g.stopping = true
	members := g.members
	g.mu.Unlock()
	for _, m := range slices.Backward(members) {
		m.cancel()
		<-m.done
	}
}

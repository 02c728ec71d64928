package calllog_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestCallsAreFolded: at the start, each minute, when many came, and when the process ends; to the end each time.
func TestCallsAreFolded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &sums{due: make(chan struct{}, 1)}
		source := &settings{}
		source.keep(0)
		l, err := calllog.New(calllog.Config{
			Store: &memory{calls: map[string]*nodev1.Call{}}, Gaps: &memory{}, Usage: store, Lock: store, Source: source, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		want := func(when string, folds int) {
			t.Helper()
			synctest.Wait()
			store.mu.Lock()
			defer store.mu.Unlock()
			if store.folds != folds {
				t.Errorf("%s: %d folds, want %d", when, store.folds, folds)
			}
		}
		want("at the start", 2)
		time.Sleep(59 * time.Second)
		want("within the minute", 2)
		time.Sleep(2 * time.Second)
		want("after a minute", 4)
		store.due <- struct{}{}
		want("many came", 6)
		store.fail(errors.New("the database is away"))
		store.due <- struct{}{}
		want("the database is away", 7)
		store.fail(nil)
		time.Sleep(time.Minute)
		want("after a minute more", 8)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want("at the end", 10)
	})
}

package secrets_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
)

// retiring notes how old what it was to remove must be.
type retiring struct {
	ages []time.Duration
	down bool
}

func (r *retiring) RetireSecrets(_ context.Context, t time.Time) (int, error) {
	r.ages = append(r.ages, time.Since(t))
	if r.down {
		return 0, errors.New("down")
	}
	return 0, nil
}

// Secrets that nothing refers to any more are removed after seven days, to the hour, also when the
// database was away at first.
func TestUnusedSecretsAreRemovedAfterSevenDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, log := &retiring{down: true}, &strings.Builder{}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- secrets.Retirer{Store: store, Logger: slog.New(slog.NewTextHandler(log, nil))}.Run(ctx)
		}()
		synctest.Wait()
		if !strings.Contains(log.String(), "retrying") {
			t.Errorf("said %q", log)
		}
		store.down = false
		time.Sleep(2 * time.Hour) // of the bubble's clock
		synctest.Wait()
		if len(store.ages) != 3 {
			t.Errorf("looked %d times in two hours, want 3", len(store.ages))
		}
		for _, age := range store.ages {
			if age != 7*24*time.Hour {
				t.Errorf("removes what is %s old, want seven days", age)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

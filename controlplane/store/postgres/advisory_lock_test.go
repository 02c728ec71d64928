package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestLockEndsWithItsConnection: who lost the lock must stop, for another replica may have
// begun.
func TestLockEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	a, b := openTest(t, url), openTest(t, url)
	a.lease = 10 * time.Millisecond
	nothing := func(context.Context) error { return nil }
	ran, err := a.Exclusive(t.Context(), "import", func(ctx context.Context) error {
		if _, err := b.pool.ExecContext(ctx,
			`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
			t.Error(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Error("the job goes on without its lock")
		}
		if ran, err := b.Exclusive(context.WithoutCancel(ctx), "import", nothing); !ran || err != nil {
			t.Errorf("another replica cannot take the lock: %t, %v", ran, err)
		}
		return ctx.Err()
	})
	if !ran || !errors.Is(err, errLockLost) {
		t.Errorf("%t, %v; want the loss of the lock as the reason", ran, err)
	}
	if code, ok := Classify(err); !ok || code != errs.Unavailable {
		t.Errorf("the loss is %s, want %s", code, errs.Unavailable)
	}
}

// TestLockThatWasKeptIsNoError: a job that fails says its own reason.
func TestLockThatWasKeptIsNoError(t *testing.T) {
	t.Parallel()
	db := openTest(t, testenv.Postgres(t))
	db.lease = time.Millisecond
	broken := errors.New("broken")
	if ran, err := db.Exclusive(t.Context(), "import", func(context.Context) error {
		time.Sleep(20 * db.lease) // what is tested is that checks beside the job do no harm
		return broken
	}); !ran || !errors.Is(err, broken) || errors.Is(err, errLockLost) {
		t.Errorf("%t, %v; want the job's own error", ran, err)
	}
	if ran, err := db.Exclusive(t.Context(), "import", func(context.Context) error { return nil }); !ran || err != nil {
		t.Errorf("%t, %v", ran, err)
	}
}

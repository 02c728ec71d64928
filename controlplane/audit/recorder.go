package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// appendTime bounds how long it may take to write an event that belongs to no transaction.
	appendTime = 10 * time.Second
	// flushEvery is how often counts of failures are written.
	flushEvery = 15 * time.Second
	// removeEvery is how often old events are removed.
	removeEvery = time.Hour
	// removeChunk is how many events one transaction removes.
	removeChunk = 5000

	removeJob = "audit retention"
)

// Lock has one replica at a time do a job.
type Lock interface {
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// Config is complete with everything set.
type Config struct {
	Store  Store
	Lock   Lock
	Keep   func() time.Duration // how long events are kept; 0: not known at this moment
	Logger *slog.Logger
	Now    func() time.Time
}

// Recorder writes what no transaction writes. It is safe for concurrent use.
type Recorder struct {
	cfg      Config
	failures failures
}

// NewRecorder is a Recorder that has seen nothing yet.
func NewRecorder(cfg Config) *Recorder {
	return &Recorder{cfg: cfg, failures: failures{seen: map[Failure]*window{}}}
}

// Store is where the log is.
func (r *Recorder) Store() Store { return r.cfg.Store }

// Do records what do does, with its outcome: in the transaction of its change, or afterwards. What changed
// nothing in the database and cannot be recorded is reported as failed.
func (r *Recorder) Do(ctx context.Context, e Event, do func(context.Context) error) error {
	ctx, entry := Begin(ctx, e)
	err := do(ctx)
	outcome := OK
	if err != nil {
		outcome = outcomeOf(err)
	}
	if failed := r.Finish(ctx, entry, outcome); failed != nil && err == nil {
		return failed
	}
	return err
}

// outcomeOf is the outcome of an error, as RPCs name it.
func outcomeOf(err error) string {
	switch code := errs.CodeOf(err); code {
	case errs.Conflict:
		return "aborted"
	default:
		return string(code)
	}
}

// Finish writes the entry unless it is written. The caller may have left.
func (r *Recorder) Finish(ctx context.Context, entry *Entry, outcome string) error {
	event, pending := entry.Pending()
	if !pending {
		return nil
	}
	event.Outcome = outcome
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendTime)
	defer cancel()
	if err := r.cfg.Store.AppendEvent(ctx, event); err != nil {
		r.cfg.Logger.ErrorContext(ctx, "failed to write an event to the audit log", "action", event.Action, "actor", event.Actor,
			"outcome", outcome, "request_id", event.RequestID, "error", err)
		return err
	}
	entry.Written()
	return nil
}

// Run writes counts of failures and removes old events until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var removed time.Time
	for {
		if now := r.cfg.Now(); now.Sub(removed) >= removeEvery {
			removed = now
			if err := r.RemoveOld(ctx); err != nil && ctx.Err() == nil {
				r.cfg.Logger.WarnContext(ctx, "failed to delete old audit events; retrying", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			r.flush(context.WithoutCancel(ctx), r.failures.take(time.Time{}))
			return nil
		case <-tick.C:
			r.flush(ctx, r.failures.take(r.cfg.Now()))
		}
	}
}

// RemoveOld removes what is older than events are kept. Of several replicas one does it.
func (r *Recorder) RemoveOld(ctx context.Context) error {
	keep := r.cfg.Keep()
	if keep <= 0 {
		return nil
	}
	_, err := r.cfg.Lock.Exclusive(ctx, removeJob, func(ctx context.Context) error {
		for {
			n, err := r.cfg.Store.RemoveEvents(ctx, r.cfg.Now().Add(-keep), removeChunk)
			if err != nil || n < removeChunk {
				return err
			}
		}
	})
	return err
}

package audit

import (
	"context"
	"sync"
	"time"
)

const (
	// failureWindow is how long failures of the same kind are counted in one event.
	failureWindow = time.Minute
	// maxFailures is how many kinds of failures are told apart within a window; the others are one kind.
	maxFailures = 16
)

// Failure is a kind of failed sign-in. A flood of them must not fill the database: of each kind the first one
// is written at once, and a minute later how many more there were.
type Failure struct {
	Action  string
	Actor   string // as an Event has it; empty when nobody of that name is known
	Address string // the network
	Outcome string
	Reason  string // see below
}

// Why sign-ins fail.
const (
	WrongPassword    = "wrong_password"
	UnknownUser      = "unknown_user"
	WrongCode        = "wrong_code"        // of the second factor; the password was right
	CodeMissing      = "code_missing"      // likewise; the console asks for the code next
	IdentityProvider = "identity_provider" // it does not vouch for anybody who may sign in
	TooManyFailures  = "too_many_failures" // before: nothing was compared
	UnknownToken     = "unknown_token"
	ExpiredToken     = "expired_token"
)

// window counts failures of one kind.
type window struct {
	ends time.Time
	more int64 // behind the first one, which is written
}

// failures are those of this replica in their present windows.
type failures struct {
	mu   sync.Mutex
	seen map[Failure]*window // guarded by mu
}

// other is what failures are counted as when there are too many kinds: without who and where.
func (f Failure) other() Failure {
	return Failure{Action: f.Action, Outcome: f.Outcome, Reason: f.Reason}
}

func (f Failure) event(count int64) Event {
	return Event{Action: f.Action, Actor: f.Actor, Address: f.Address, Outcome: f.Outcome, Detail: f.Reason, Count: count}
}

// Failed records a failed sign-in.
func (r *Recorder) Failed(ctx context.Context, f Failure) {
	r.flush(ctx, r.failures.add(f, r.cfg.Now()))
}

// add counts a failure and returns what there is to write.
func (fs *failures) add(f Failure, now time.Time) []Event {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	due := fs.due(now)
	if _, known := fs.seen[f]; !known && len(fs.seen) >= maxFailures {
		f = f.other()
	}
	if w, known := fs.seen[f]; known {
		w.more++
		return due
	}
	fs.seen[f] = &window{ends: now.Add(failureWindow)}
	return append(due, f.event(1))
}

// take returns the counts of the windows that have ended; the zero time ends all.
func (fs *failures) take(now time.Time) []Event {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.due(now)
}

// due ends windows. The caller holds mu.
func (fs *failures) due(now time.Time) (events []Event) {
	for f, w := range fs.seen {
		if !now.IsZero() && now.Before(w.ends) {
			continue
		}
		delete(fs.seen, f)
		if w.more > 0 {
			events = append(events, f.event(w.more))
		}
	}
	return events
}

// flush writes events. Without the database they are lost: the log line of each says so.
func (r *Recorder) flush(ctx context.Context, events []Event) {
	for _, e := range events {
		_, entry := Begin(ctx, e)
		_ = r.Finish(ctx, entry, e.Outcome) // it has logged why
	}
}

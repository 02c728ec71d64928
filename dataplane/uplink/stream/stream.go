// Package stream is what both streams of the link have in common: waits between tries, an
// end for those whose peer does not answer, and texts that fit into messages.
package stream

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Retry spaces tries out: each wait is a random part of a bound that grows by the factor
// 1.6, so that nodes which lost the same control plane do not return all at once.
type Retry struct {
	Min, Max time.Duration
	bound    time.Duration
}

// Reset begins with short waits again.
func (r *Retry) Reset() { r.bound = 0 }

func (r *Retry) next() time.Duration {
	r.bound = max(r.bound, r.Min)
	d := rand.N(r.bound + 1)
	r.bound = min(r.bound*8/5, r.Max)
	return d
}

// Wait sleeps before the next try; hurry ends the wait and starts over with short ones.
// It returns false when ctx ended.
func (r *Retry) Wait(ctx context.Context, hurry <-chan struct{}) bool {
	t := time.NewTimer(r.next())
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-hurry:
		r.Reset()
		return true
	case <-t.C:
		return true
	}
}

// Watchdog ends a stream whose peer owes an answer for too long: HTTP/2 pings prove that
// the connection lives, not that somebody works behind it.
type Watchdog struct {
	timer *time.Timer
	limit time.Duration
}

// NewWatchdog watches from now on.
func NewWatchdog(limit time.Duration, cancel context.CancelCauseFunc) *Watchdog {
	w := &Watchdog{limit: limit}
	w.timer = time.AfterFunc(limit, func() {
		cancel(status.Errorf(codes.DeadlineExceeded, "no answer from the control plane within %s", limit))
	})
	return w
}

// Rest says that no answer is due.
func (w *Watchdog) Rest() { w.timer.Stop() }

// Watch says that an answer is due.
func (w *Watchdog) Watch() { w.timer.Reset(w.limit) }

// Because prefers the watchdog's reason for ending a stream over the cancellation it became.
func Because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && status.Code(cause) == codes.DeadlineExceeded {
		return cause
	}
	return err
}

// MaxName bounds a name in a message, in bytes.
const MaxName = 256

// Text makes s fit for a protobuf string of at most limit bytes. One that is not valid
// would keep its whole message from being sent.
func Text(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	if utf8.ValidString(s) { // several bytes at a time, where the other looks at each
		return s
	}
	return strings.ToValidUTF8(s, "")
}

// Nudge puts a value into a channel of size one unless there is one.
func Nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

package ops

import (
	"context"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

var (
	errStarting = errs.Newf(errs.Unavailable, "starting: waiting for dependencies, see the log")
	errLeaving  = errs.Newf(errs.Unavailable, "stopping")
)

// Readiness is a check that fails while the process starts and from when it is to stop on; in
// between it asks the process. The zero value starts. It is safe for concurrent use.
type Readiness struct {
	serving atomic.Pointer[Check]
	leaving atomic.Bool
}

// Serving ends the start: from now on check is asked.
func (r *Readiness) Serving(check Check) { r.serving.Store(&check) }

// Leave says that the process is to stop.
func (r *Readiness) Leave() { r.leaving.Store(true) }

// Check is the check.
func (r *Readiness) Check(ctx context.Context) error {
	check := r.serving.Load()
	switch {
	case r.leaving.Load():
		return errLeaving
	case check == nil:
		return errStarting
	}
	return (*check)(ctx)
}

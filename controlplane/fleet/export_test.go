package fleet

import (
	"context"
	"time"
)

// What the tests see of a fleet from inside. They are of a package of their own, because
// the store that they use imports this one.
const (
	RefusalMemory = refusalMemory
	OrderTime     = orderTime
)

// Balance is how nodes are spread; AboveShare what it says.
type Balance = balance

func (b balance) AboveShare() bool { return b.aboveShare() }

// Round is one exchange with the other replicas.
func (f *Fleet) Round(ctx context.Context) error { return f.round(ctx) }

// SetInterval sets the time between two rounds.
func (f *Fleet) SetInterval(d time.Duration) { f.cfg.Interval = d }

package calllog

import (
	"context"
	"time"
)

const (
	// foldEvery is how long calls wait at most before they are folded into the sums of usage. Sums count
	// them meanwhile too: it is for what each question has to read.
	foldEvery = time.Minute
	// lastFold is how long the last fold may take, when the process ends.
	lastFold = 5 * time.Second
)

// keepFolded folds calls into the sums of usage, by time or by number, whichever comes first, until ctx
// ends, and then once more: a program of the version before knows only sums.
func (l *Log) keepFolded(ctx context.Context) {
	tick := time.NewTicker(foldEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		l.fold(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-l.cfg.Usage.FoldDue():
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFold)
	defer cancel()
	l.fold(ctx)
}

// fold is one round.
func (l *Log) fold(ctx context.Context) {
	for {
		more, err := l.cfg.Usage.FoldUsage(ctx)
		if err != nil && ctx.Err() == nil {
			l.cfg.Logger.Error("failed to add calls to the usage totals; retrying", "error", err)
		}
		if !more || err != nil {
			return
		}
	}
}

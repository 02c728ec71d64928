package config

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	pollEvery   = 2 * time.Second // notifications get lost
	renotifyIn  = time.Second     // pause before listening again after it ended
	followLimit = 30 * time.Second
)

// Run follows the store until ctx ends, then returns nil. While the store fails it goes
// on with the configuration it has, and says so once.
func (l *Live) Run(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	var listener sync.WaitGroup
	defer listener.Wait()
	listener.Go(func() { l.listen(ctx, wake) })

	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	outage := transition{}
	for {
		err := l.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		switch outage.now(err) {
		case began:
			l.cfg.Logger.Warn("cannot follow the configuration store; serving the last known configuration",
				"revision", l.Current().Revision, "error", err)
		case ended:
			l.cfg.Logger.Info("following the configuration store again", "revision", l.Current().Revision)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-poll.C:
		}
	}
}

// follow brings the configuration up to date once.
func (l *Live) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followLimit)
	defer cancel()
	if !l.loaded.Load() {
		return l.Load(ctx)
	}
	next, err := l.cfg.Store.Follow(ctx, l.current.Load())
	if err != nil {
		return err
	}
	l.install(next)
	return nil
}

// listen wakes Run whenever another replica committed, until ctx ends.
func (l *Live) listen(ctx context.Context, wake chan<- struct{}) {
	outage := transition{}
	for ctx.Err() == nil {
		err := l.cfg.Store.Notify(ctx, func() {
			select {
			case wake <- struct{}{}:
			default: // already awake
			}
		})
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the store stopped sending notifications")
		}
		if outage.now(err) == began {
			l.cfg.Logger.Warn("cannot receive notifications of configuration changes; polling only", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(renotifyIn):
		}
	}
}

// transition turns a row of results into the moments at which an outage began or ended.
type transition struct{ failing bool }

type moment int

const (
	same moment = iota
	began
	ended
)

func (t *transition) now(err error) moment {
	was := t.failing
	t.failing = err != nil
	switch {
	case t.failing && !was:
		return began
	case !t.failing && was:
		return ended
	}
	return same
}

package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// TestTheLastAttemptHasMoreTime: what an attempt with others behind it may take is lengthened, or ends no
// attempt any more, as soon as none is left.
func TestTheLastAttemptHasMoreTime(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, test := range map[string]struct {
		before, after time.Duration // when none is left; 0: never
		alone         time.Duration
		ends          time.Duration // 0: never
	}{
		"others are left":             {alone: 10 * second, ends: 4 * second},
		"none was from the beginning": {before: second, alone: 10 * second, ends: 11 * second},
		"none is later":               {after: 3 * second, alone: 10 * second, ends: 10 * second},
		"none is, and no limit":       {after: 3 * second, alone: endless},
		"none was, and no limit":      {before: second, alone: endless},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				began := time.Now()
				var c clock
				c.begin(cancel)
				if time.Sleep(test.before); test.before > 0 {
					c.becomeLast()
				}
				c.wait(dataplane.ResponseTimeout, 4*second, test.alone)
				if time.Sleep(test.after); test.after > 0 {
					c.becomeLast()
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				o, ended := stopped(ctx)
				if ended != (test.ends > 0) || ended && (o != dataplane.ResponseTimeout || time.Since(began) != test.ends) {
					t.Errorf("ended %v after %s with %s, want %s", ended, time.Since(began), o, test.ends)
				}
				c.stop()
			})
		})
	}
}

// TestClock plays phases by the bubble's time: an attempt ends when its present phase has
// lasted too long, with that phase's outcome, whatever came before it.
func TestClock(t *testing.T) {
	t.Parallel()
	const connect, first, idle = dataplane.ConnectTimeout, dataplane.FirstTokenTimeout, dataplane.StreamIdle
	type step struct {
		after   time.Duration
		outcome dataplane.Outcome
		limit   time.Duration // 0: stop
	}
	for name, test := range map[string]struct {
		steps []step
		ends  time.Duration // 0: never
		with  dataplane.Outcome
	}{
		"the only phase":                     {[]step{{0, connect, 5 * time.Second}}, 5 * time.Second, connect},
		"a later end":                        {[]step{{0, connect, 5 * time.Second}, {time.Second, first, time.Minute}}, 61 * time.Second, first},
		"an earlier end":                     {[]step{{0, first, time.Minute}, {time.Second, idle, 2 * time.Second}}, 3 * time.Second, idle},
		"put off again and again":            {[]step{{0, idle, 3 * time.Second}, {2 * time.Second, idle, 3 * time.Second}, {2 * time.Second, idle, 3 * time.Second}, {2 * time.Second, idle, 3 * time.Second}}, 9 * time.Second, idle},
		"stopped":                            {[]step{{0, connect, time.Second}, {time.Millisecond, 0, 0}}, 0, 0},
		"stopped, then begun with a new one": {[]step{{0, connect, 5 * time.Second}, {time.Second, 0, 0}, {10 * time.Second, idle, time.Second}}, 12 * time.Second, idle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				began := time.Now()
				var c clock
				c.begin(cancel)
				defer c.stop()
				for _, s := range test.steps {
					time.Sleep(s.after)
					if s.limit == 0 {
						c.stop()
						continue
					}
					c.phase(s.outcome, s.limit)
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				o, ended := stopped(ctx)
				if ended != (test.ends > 0) || ended && (o != test.with || time.Since(began) != test.ends) {
					t.Errorf("ended %v after %s with %s, want %s with %s", ended, time.Since(began), o, test.ends, test.with)
				}
			})
		})
	}
}

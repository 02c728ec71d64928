package health

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

const (
	refreshEvery   = 500 * time.Millisecond // 20 % more or less
	successesEvery = time.Second
	mostAtOnce     = 128                    // notes in one round trip
	taskTimeout    = 300 * time.Millisecond // of all that the reporter does at once
)

// Run tells the other nodes what this one learns, and learns what they do, until ctx ends.
// It must be called once. All talk but Probe's goes through this one goroutine, so that an
// answer is never older than what was said before it.
func (s *Shared) Run(ctx context.Context) error {
	refresh := time.NewTimer(0)
	defer refresh.Stop()
	count := time.NewTicker(successesEvery)
	defer count.Stop()
	for {
		select {
		case <-ctx.Done():
			s.deliver(context.WithoutCancel(ctx), s.waiting(nil))
			return nil
		case d := <-s.outbox:
			s.deliver(ctx, s.waiting([]delivery{d}))
		case <-count.C:
			s.deliver(ctx, s.successes())
		case <-refresh.C:
			refresh.Reset(s.refresh(ctx))
		case done := <-s.syncs:
			s.deliver(ctx, append(s.waiting(nil), s.successes()...))
			s.refresh(ctx)
			close(done)
		}
	}
}

// waiting adds the notes that wait.
func (s *Shared) waiting(notes []delivery) []delivery {
	for len(notes) < outboxSize {
		select {
		case d := <-s.outbox:
			notes = append(notes, d)
		default:
			return notes
		}
	}
	return notes
}

// deliver tells the fleet, and takes over how it sees the scopes after that.
func (s *Shared) deliver(ctx context.Context, notes []delivery) {
	for len(notes) > 0 {
		n := min(len(notes), mostAtOnce)
		if err := s.deliverSome(ctx, notes[:n]); errors.Is(err, redis.ErrAway) {
			s.drop(notes)
			return
		}
		notes = notes[n:]
	}
}

// drop counts the notes that are lost. Successes are not worth counting.
func (s *Shared) drop(notes []delivery) {
	for i := range notes {
		if !notes[i].count {
			s.dropped.Add(1)
		}
	}
}

func (s *Shared) deliverSome(ctx context.Context, notes []delivery) error {
	began := s.cfg.Now()
	calls := make([]redis.Call, len(notes))
	for i := range notes {
		calls[i] = s.noteCall(&notes[i], began)
	}
	var replies []*redis.Reply
	err := s.redis.Use(ctx, taskTimeout, func(ctx context.Context) (err error) {
		replies, err = s.redis.RunAll(ctx, calls)
		return err
	})
	if errors.Is(err, redis.ErrAway) {
		return err
	}
	last := make(map[dataplane.Scope]sharedState, len(notes)) // the last word on each scope
	for i, answer := range replies {
		reply, err := answer.Slice()
		if err != nil {
			s.drop(notes[i : i+1])
			continue
		}
		if st, err := reportReply(reply, began); err == nil {
			last[notes[i].Scope] = st
		}
		if notes[i].reset {
			s.settleReset(notes[i].Scope)
		}
	}
	for scope, st := range last {
		s.takeOver(scope, began, st)
	}
	return err
}

func (s *Shared) noteCall(d *delivery, now time.Time) redis.Call {
	key := scopeKey(d.Scope)
	keys := []string{windowKey(s.redis, key), recordKey(s.redis, key), s.redis.Key("open"), s.redis.Key("clock")}
	if d.reset {
		return newCall(resetScript, keys, resetArgs{Now: s.scriptTime(), Scope: key, StaleAfter: ms(staleAfterReset)})
	}
	args := d.reportArgs(now, s.cfg.Rand())
	args.Now = s.scriptTime()
	return newCall(reportScript, keys, args)
}

// settleReset ends what was taken over between the reset here and the one in Redis.
func (s *Shared) settleReset(scope dataplane.Scope) {
	for _, agreed := range s.agreed() {
		if agreed == scope {
			s.Memory.Reset(scope)
		}
	}
}

// refresh learns how all open scopes stand, and returns when to do so again. It connects
// to Redis if need be.
func (s *Shared) refresh(ctx context.Context) (wait time.Duration) {
	if wait := s.redis.Connect(ctx); wait > 0 {
		return wait
	}
	began := s.cfg.Now()
	s.deliver(ctx, s.waiting(nil)) // what closed here before began is closed there after this
	var reply []any
	err := s.redis.Use(ctx, taskTimeout, func(ctx context.Context) (err error) {
		args := refreshArgs{Now: s.scriptTime(), Epoch: rand.Text()}
		reply, err = s.redis.Run(ctx, newCall(refreshScript, []string{s.redis.Key("open"), s.redis.Key("epoch"), s.redis.Key("clock")}, args)).Slice()
		return err
	})
	if err == nil {
		err = s.learn(reply, began)
	}
	if redis.KeyFault(err) {
		s.disagree() // what is open here is this node's own until the list can be read again
	}
	if err != nil && !errors.Is(err, redis.ErrAway) {
		s.cfg.Logger.Debug("failed to refresh health", "error", redis.OneLine(err))
	}
	return time.Duration(float64(refreshEvery) * (0.8 + 0.4*mathrand.Float64()))
}

// learn takes over the list of open scopes.
func (s *Shared) learn(reply []any, began time.Time) error {
	now, epoch, packed, err := refreshReply(reply)
	if err != nil {
		return err
	}
	if last := s.epoch.Load(); last == nil || *last != epoch {
		if last != nil {
			s.cfg.Logger.Info("Redis lost its data; cooldowns known to this node last until their deadlines")
		}
		s.disagree()
		s.epoch.Store(&epoch)
	}
	gone := s.agreed()
	listed := make(map[dataplane.Scope]bool, len(packed))
	for key, record := range packed {
		scope, ok := parseScope(key)
		if !ok {
			continue // of a newer node, or of a self-test
		}
		listed[scope] = true
		st, err := unpack(record, now, began)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		s.takeOver(scope, began, st)
	}
	for _, scope := range gone {
		if !listed[scope] {
			s.takeOver(scope, began, sharedState{})
		}
	}
	return nil
}

// takeOver adopts how the fleet sees a scope, if the configuration has it.
func (s *Shared) takeOver(scope dataplane.Scope, began time.Time, st sharedState) {
	if keep := s.keep.Load(); keep != nil && st.open && !(*keep)(scope) {
		return
	}
	s.adopt(scope, began, st)
}

package engine

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// race is the attempt loop of a call that hedges: when the only attempt under way has brought
// nothing for a while, the next candidate is started beside it. The first that has an answer for
// the client claims the response (outbox.go), which ends the other one. There are never more than
// two, each in a goroutine of its own that ends before the race does; what comes next is decided by
// the goroutine of the call alone.
type race struct {
	call  *call
	ctx   context.Context
	most  int           // attempts
	after time.Duration // without an answer a hedge is started
	done  chan *lane    // those that ended
	again *attempt      // that comes next, on the same target
}

// lane is an attempt of a race.
type lane struct {
	*attempt
	cancel   context.CancelCauseFunc
	began    time.Time
	alone    bool // no hedge is started beside it any more
	verdict  dataplane.Verdict
	answered bool
	panicked any
}

// hedges says whether slow attempts get another one beside them: where the policy says so, and the
// request may be repeated.
func (c *call) hedges(most int) bool {
	return c.req.policy().HedgeAfter > 0 && !c.req.Unsafe && most > 1 && c.left.count() > 1
}

// race tries the candidates and says whether one answered.
func (c *call) race(ctx context.Context, most int) (answered bool) {
	r := &race{call: c, ctx: ctx, most: most, after: c.req.policy().HedgeAfter + c.req.readingTime(), done: make(chan *lane, 2)}
	defer r.end()
	for len(c.shared.lanes) > 0 || r.begin() {
		l := r.wait()
		if l == nil {
			continue
		}
		if l.answered {
			r.drain()
			return true
		}
		if c.isWon() {
			continue
		}
		c.note(l.attempt, l.verdict)
		if !r.goesOn(l) {
			return false
		}
	}
	return false
}

// begin starts the next attempt while none is under way; false: there is none.
func (r *race) begin() bool {
	c := r.call
	a := r.again
	r.again = nil
	if a == nil {
		next, ok := candidate{}, false
		if c.tried < r.most {
			next, ok = c.left.next(r.ctx)
		}
		if !ok {
			return false
		}
		a = newAttempt(c, next, c.isLast(r.most))
	}
	r.start(a)
	return true
}

// start runs an attempt in a goroutine of its own, unless the call has its answer already.
func (r *race) start(a *attempt) {
	c, s := r.call, &r.call.shared
	ctx, cancel := context.WithCancelCause(r.ctx)
	l := &lane{attempt: a, cancel: cancel, began: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.winner != nil {
		cancel(nil)
		return
	}
	if s.began.IsZero() {
		s.began = c.engine.cfg.Now()
	}
	c.tried++
	s.lanes = append(s.lanes, l)
	a.begin()
	go l.run(ctx, r.done)
}

func (l *lane) run(ctx context.Context, done chan<- *lane) {
	defer func() {
		if l.panicked = recover(); l.panicked != nil && l.panicked != http.ErrAbortHandler {
			l.panicked = fmt.Sprintf("%v\n%s", l.panicked, debug.Stack())
		}
		l.cancel(nil)
		done <- l
	}()
	l.verdict, l.answered = l.attempt.run(ctx)
}

// wait gives the next attempt that ends. It starts a hedge when one is due, and gives nil then.
func (r *race) wait() *lane {
	c := r.call
	only := c.shared.lanes[0]
	if len(c.shared.lanes) > 1 || only.alone || c.nobodyLeft(r.most) {
		return r.leave(<-r.done)
	}
	timer := time.NewTimer(time.Until(only.began.Add(r.after)))
	defer timer.Stop()
	select {
	case l := <-r.done:
		return r.leave(l)
	case <-timer.C:
		r.hedge(only)
		return nil
	}
}

// hedge starts the next candidate that is well beside a slow attempt, unless the answer of that one
// is on its way.
func (r *race) hedge(slow *lane) {
	next, ok := candidate{}, false
	if !slow.speaks.Load() {
		next, ok = r.call.left.spare()
	}
	if slow.alone = !ok; ok {
		r.start(newAttempt(r.call, next, r.call.isLast(r.most)))
	}
}

// leave takes an attempt that ended out of the race. A panic of its goroutine goes on in the call's.
func (r *race) leave(l *lane) *lane {
	s := &r.call.shared
	s.mu.Lock()
	s.lanes = slices.DeleteFunc(s.lanes, func(other *lane) bool { return other == l })
	r.call.lightenLocked()
	s.mu.Unlock()
	if l.panicked != nil {
		panic(l.panicked)
	}
	return l
}

// goesOn sees to what follows an attempt that failed; false: the call ends with that.
func (r *race) goesOn(failed *lane) bool {
	c := r.call
	if !c.mayMove(failed.attempt, failed.verdict) {
		return !r.stop()
	}
	if len(c.shared.lanes) == 0 {
		var v dataplane.Verdict
		r.again, v = c.again(r.ctx, failed.attempt, failed.verdict, r.most)
		return r.again != nil || c.mayMove(failed.attempt, v)
	}
	if c.nobodyLeft(r.most) {
		c.shared.lanes[0].clock.becomeLast()
	}
	return true
}

// stop ends the attempt that is still under way, since the call ends with what another one said;
// false: it has just answered.
func (r *race) stop() bool {
	if !r.call.client.refuse() {
		return false
	}
	r.cancel()
	r.drain()
	r.call.client.allow()
	return true
}

func (r *race) cancel() {
	for _, l := range r.call.shared.lanes {
		l.cancel(timeUp{dataplane.Superseded})
	}
}

// drain waits for the attempts that are still under way.
func (r *race) drain() {
	for len(r.call.shared.lanes) > 0 {
		r.leave(<-r.done)
	}
}

// end leaves no attempt behind, also when the race panics.
func (r *race) end() {
	r.cancel()
	r.drain()
	s := &r.call.shared
	if !s.began.IsZero() {
		s.spent += r.call.engine.cfg.Now().Sub(s.began)
		s.began = time.Time{}
	}
}

// nobodyLeft says whether no other attempt can be begun.
func (c *call) nobodyLeft(most int) bool { return c.tried >= most || c.left.count() == 0 }

// isWon says whether an attempt has claimed the call's answer.
func (c *call) isWon() bool {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	return c.shared.winner != nil
}

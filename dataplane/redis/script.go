package redis

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Reply is what a script answered, or why it did not.
type Reply = redis.Cmd

// Script is the text of a Lua script and its hash.
type Script struct{ script *redis.Script }

// NewScript prepares a script. It talks to nobody.
func NewScript(text string) Script { return Script{redis.NewScript(text)} }

// Call is one run of a script.
type Call struct {
	Script Script
	Keys   []string
	Args   []any
}

func (c *Call) bySHA(ctx context.Context, on redis.Scripter) *Reply {
	return c.Script.script.EvalSha(ctx, on, c.Keys, c.Args...)
}

func (c *Call) byText(ctx context.Context, on redis.Scripter) *Reply {
	return c.Script.script.Eval(ctx, on, c.Keys, c.Args...)
}

// Run runs a script, by its hash if the server has it. Call it within Use.
func (c *Client) Run(ctx context.Context, call Call) *Reply { return c.run(ctx, c.redis.Load(), call) }

func (c *Client) run(ctx context.Context, on *redis.Client, call Call) *Reply {
	if c.evalOnly.Load() {
		return call.byText(ctx, on)
	}
	reply := call.bySHA(ctx, on)
	if _, answered := errors.AsType[redis.Error](reply.Err()); !answered {
		return reply // it went well, or there is no answer at all
	}
	byText := call.byText(ctx, on)
	if byText.Err() == nil && !redis.HasErrorPrefix(reply.Err(), "NOSCRIPT") {
		c.evalOnly.Store(true)
	}
	return byText
}

// RunAll runs scripts in one round trip, and in another one those that the server did not
// have yet. Each reply has its own error; the one returned is the first, if possible of
// the server as a whole. Call it within Use.
func (c *Client) RunAll(ctx context.Context, calls []Call) ([]*Reply, error) {
	replies := make([]*Reply, len(calls))
	pipe := c.redis.Load().Pipeline()
	for i := range calls {
		if c.evalOnly.Load() {
			replies[i] = calls[i].byText(ctx, pipe)
		} else {
			replies[i] = calls[i].bySHA(ctx, pipe)
		}
	}
	if _, err := pipe.Exec(ctx); err == nil {
		return replies, nil
	}
	missing := false
	for i := range calls {
		if redis.HasErrorPrefix(replies[i].Err(), "NOSCRIPT") {
			missing = true
			replies[i] = calls[i].byText(ctx, pipe)
		}
	}
	if missing {
		_, _ = pipe.Exec(ctx) // each reply has its error
	}
	var first error
	for _, reply := range replies {
		// What concerns one key only gives way to what concerns all.
		if err := reply.Err(); err != nil && (first == nil || KeyFault(first)) {
			first = err
		}
	}
	return replies, first
}

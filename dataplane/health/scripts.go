package health

import (
	"context"
	"crypto/rand"
	_ "embed" // the scripts
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed script/lib.lua
	libLua string
	//go:embed script/report.lua
	reportLua string
	//go:embed script/probe.lua
	probeLua string
	//go:embed script/refresh.lua
	refreshLua string
	//go:embed script/reset.lua
	resetLua string

	reportScript  = redis.NewScript(libLua + reportLua)
	probeScript   = redis.NewScript(libLua + probeLua)
	refreshScript = redis.NewScript(libLua + refreshLua)
	resetScript   = redis.NewScript(libLua + resetLua)
)

// call is one run of a script.
type call struct {
	script *redis.Script
	keys   []string
	args   string // JSON
}

func newCall(script *redis.Script, keys []string, args any) call {
	raw, err := json.Marshal(args)
	if err != nil { // plain numbers and strings cannot fail, but for NaN
		raw = []byte("{}")
	}
	return call{script: script, keys: keys, args: string(raw)}
}

// run runs a script, by its hash if the server has it.
func (l *link) run(ctx context.Context, c call) *redis.Cmd {
	if l.evalOnly.Load() {
		return c.script.Eval(ctx, l.client, c.keys, c.args)
	}
	cmd := c.script.EvalSha(ctx, l.client, c.keys, c.args)
	if !refused(cmd.Err()) {
		return cmd
	}
	byText := c.script.Eval(ctx, l.client, c.keys, c.args)
	if byText.Err() == nil && !redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		l.evalOnly.Store(true)
	}
	return byText
}

// runAll runs scripts in one round trip. Each command of the result has its own error; the
// one returned is the first.
func (l *link) runAll(ctx context.Context, calls []call) ([]*redis.Cmd, error) {
	cmds := make([]*redis.Cmd, len(calls))
	pipe := l.client.Pipeline()
	for i, c := range calls {
		if l.evalOnly.Load() {
			cmds[i] = c.script.Eval(ctx, pipe, c.keys, c.args)
		} else {
			cmds[i] = c.script.EvalSha(ctx, pipe, c.keys, c.args)
		}
	}
	_, err := pipe.Exec(ctx)
	if err == nil {
		return cmds, nil
	}
	err = nil
	for i, c := range calls {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			cmds[i] = c.script.Eval(ctx, l.client, c.keys, c.args)
		}
		if err == nil {
			err = cmds[i].Err()
		}
	}
	return cmds, err
}

// refused tells an answer that is an error from no answer at all.
func refused(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// selfTest runs every script on a scope of nobody's, so that a server on which one of them
// cannot run is found at once, and not by losing reports.
func (l *link) selfTest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	scope := "test:" + rand.Text()
	window, record, open, clock := l.window(scope), l.record(scope), l.key("open"), l.key("clock")
	d := reportArgs{Scope: scope, Window: 1000, Threshold: 1, Cooldown: 1, CooldownMax: 1, Age: -1, Result: "failure", Callers: 1}
	tests := []struct {
		name string
		call call
	}{
		{"count", newCall(reportScript, []string{window, record, open, clock}, reportArgs{Scope: scope, Window: 1000, Successes: 1})},
		{"report", newCall(reportScript, []string{window, record, open, clock}, d)},
		{"probe", newCall(probeScript, []string{record, open, clock}, probeArgs{Scope: scope, Token: "test", Lease: 1})},
		{"reset", newCall(resetScript, []string{window, record, open, clock}, resetArgs{Scope: scope, StaleAfter: 1})},
		{"refresh", newCall(refreshScript, []string{open, l.key("epoch"), l.key("clock")}, refreshArgs{Epoch: rand.Text()})},
		{"revoke", newCall(revokeScript, []string{l.key(scope)}, revokeArgs{Members: []string{scope}})},
		{"revoked", newCall(revokedScript, []string{l.key(scope)}, revokedArgs{})},
	}
	for _, test := range tests {
		if err := l.run(ctx, test.call).Err(); err != nil {
			return fmt.Errorf("try the script %q: %w", test.name, err)
		}
	}
	return nil
}

// The keys. Those of scopes fade by themselves.
func (l *link) key(name string) string     { return l.prefix + name }
func (l *link) window(scope string) string { return l.prefix + "window:" + scope }
func (l *link) record(scope string) string { return l.prefix + "scope:" + scope }

// The arguments of the scripts. All times are milliseconds; Now is set by tests only.
type (
	reportArgs struct {
		Now         int64   `json:"now,omitempty"`
		Scope       string  `json:"scope"`
		Window      int64   `json:"window"`
		Threshold   int     `json:"threshold"`
		MinRatio    float64 `json:"min_ratio"`
		Cooldown    int64   `json:"cooldown"`
		CooldownMax int64   `json:"cooldown_max"`
		Jitter      float64 `json:"jitter"`
		ProbeEarly  bool    `json:"probe_early"`
		EarlyEvery  int64   `json:"early_every"`
		Result      string  `json:"result"` // failure, success, neutral; empty: only Successes
		Reason      string  `json:"reason"`
		Age         int64   `json:"age"` // since the attempt began; below 0: not known
		Fast        bool    `json:"fast"`
		Hold        int64   `json:"hold"`
		HoldDoubles bool    `json:"hold_doubles"`
		HoldMax     int64   `json:"hold_max"`
		Token       string  `json:"token"`
		LastResort  bool    `json:"last_resort"`
		Caller      string  `json:"caller"`
		Callers     int     `json:"callers"`    // that must have failed
		AnyCaller   bool    `json:"any_caller"` // no caller can cause it
		ManyInARow  int     `json:"many_in_a_row"`
		Successes   int     `json:"successes"`
	}
	probeArgs struct {
		Now        int64  `json:"now,omitempty"`
		Scope      string `json:"scope"`
		Token      string `json:"token"`
		Lease      int64  `json:"lease"`
		EarlyEvery int64  `json:"early_every"`
	}
	refreshArgs struct {
		Now   int64  `json:"now,omitempty"`
		Epoch string `json:"epoch"` // used when there is none
	}
	resetArgs struct {
		Now        int64  `json:"now,omitempty"`
		Scope      string `json:"scope"`
		StaleAfter int64  `json:"stale_after"`
	}
)

// oneLine is for errors that servers and proxies made long.
func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text[:min(len(text), 200)]
}

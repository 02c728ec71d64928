package health

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// scopeKey names a scope in Redis: its kind, and its names with everything escaped that
// could make two scopes look the same.
func scopeKey(s dataplane.Scope) string {
	key := scopeKind(s.Kind) + ":" + url.QueryEscape(s.Provider)
	if s.Name != "" {
		key += ":" + url.QueryEscape(s.Name)
	}
	return key
}

// parseScope is the reverse of scopeKey.
func parseScope(key string) (dataplane.Scope, bool) {
	parts := strings.Split(key, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return dataplane.Scope{}, false
	}
	s := dataplane.Scope{}
	for _, kind := range []dataplane.ScopeKind{dataplane.ScopeTarget, dataplane.ScopeProvider, dataplane.ScopeCredential} {
		if parts[0] == scopeKind(kind) {
			s.Kind = kind
		}
	}
	var err error
	if s.Provider, err = url.QueryUnescape(parts[1]); err != nil || s.Kind == dataplane.ScopeNone {
		return dataplane.Scope{}, false
	}
	if len(parts) == 3 {
		if s.Name, err = url.QueryUnescape(parts[2]); err != nil {
			return dataplane.Scope{}, false
		}
	}
	return s, true
}

// callerKey names a caller in Redis, in a few bytes.
func callerKey(name string) string {
	h := fnv.New64a()
	h.Write([]byte(name))
	return strconv.FormatUint(h.Sum64(), 36)
}

// sharedState is the health of a scope as all nodes see it. The zero value is closed.
type sharedState struct {
	open            bool
	until, fades    time.Time
	earlyAt         time.Time
	level, openings int
	probeFailed     bool
	early           bool
	threshold       int
	reason          dataplane.Outcome
}

// unpack reads a record as pack in lib.lua writes it. Redis' clock said now when ours said
// began: only differences to that are used.
func unpack(packed string, now int64, began time.Time) (sharedState, error) {
	if packed == "" {
		return sharedState{}, nil
	}
	fields := strings.Fields(packed)
	if len(fields) < 9 {
		return sharedState{}, errors.New("health record in Redis: too short")
	}
	var n [8]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return sharedState{}, fmt.Errorf("health record in Redis: %w", err)
		}
	}
	at := func(ms int64) time.Time { return began.Add(time.Duration(ms-now) * time.Millisecond) }
	reason, ok := dataplane.OutcomeNamed(fields[8])
	if !ok {
		reason = dataplane.ServerError // of a newer node
	}
	return sharedState{
		open: true, until: at(n[0]), fades: at(n[1]), level: int(n[2]), openings: int(n[3]),
		probeFailed: n[4] == 1, early: n[5] == 1, earlyAt: at(n[6]), threshold: int(n[7]), reason: reason,
	}, nil
}

// reportArgs are the arguments of the report script. Times count back from now, so that a
// delivery that had to wait says the same.
func (d *delivery) reportArgs(now time.Time, jitter float64) reportArgs {
	a := reportArgs{
		Scope: scopeKey(d.Scope), Window: ms(d.window), Jitter: jitter, EarlyEvery: ms(earlyEvery), Age: -1,
		Fast: d.fast, Token: d.Probe, LastResort: d.LastResort, Caller: callerKey(d.Caller),
		Callers: d.callers, AnyCaller: d.AnyCaller, ManyInARow: manyInARow, Successes: d.successes, SuccessBy: many,
	}
	if d.by != many {
		a.SuccessBy = callerKey(d.by)
	}
	if d.count {
		return a
	}
	a.Result = [...]string{"neutral", "success", "failure"}[d.Result]
	a.Reason = d.Outcome.String()
	a.Hold, a.HoldDoubles, a.HoldMax = ms(d.Hold), d.HoldDoubles, ms(d.HoldMax)
	a.Named, a.Unconfirmed = d.Named, d.Unconfirmed
	if !d.StartedAt.IsZero() {
		a.Age = max(ms(now.Sub(d.StartedAt)), 0)
	}
	if p := d.Policy; p != nil {
		a.Threshold, a.MinRatio, a.ProbeEarly = p.FailureThreshold, p.MinRatio, p.ProbeEarly
		a.Cooldown, a.CooldownMax = ms(p.Cooldown), ms(p.CooldownMax)
	}
	if math.IsNaN(a.MinRatio) {
		a.MinRatio = 0
	}
	return a
}

// ms is a length of time for Redis, at least a millisecond if it is any.
func ms(d time.Duration) int64 {
	if d > 0 && d < time.Millisecond {
		return 1
	}
	return d.Milliseconds()
}

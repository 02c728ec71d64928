package health_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// ahead makes all that Redis holds what a server would have written whose clock was ahead
// by so many milliseconds, and has been set right since: to the scripts, the clock steps back.
var ahead = redis.NewScript(`
local prefix, d = ARGV[1], tonumber(ARGV[2])
local function later(v) return string.format('%d', tonumber(v) + d) end
for _, key in ipairs(redis.call('KEYS', prefix .. 'scope:*')) do
	for _, field in ipairs({'deadline', 'fades', 'closed', 'early_at', 'lease'}) do
		local v = redis.call('HGET', key, field)
		if v and v ~= '0' then redis.call('HSET', key, field, later(v)) end
	end
end
local open = redis.call('HGETALL', prefix .. 'open')
for i = 1, #open, 2 do
	local deadline, fades, kept, early_at, rest = string.match(open[i + 1], '^(%d+) (%d+) (%d+ %d+ %d+ %d+) (%d+) (.*)$')
	redis.call('HSET', prefix .. 'open', open[i],
		later(deadline) .. ' ' .. later(fades) .. ' ' .. kept .. ' ' .. later(early_at) .. ' ' .. rest)
end
local last, behind = string.match(redis.call('GET', prefix .. 'clock') or '', '^(%d+) (%d+)$')
if last then redis.call('SET', prefix .. 'clock', later(last) .. ' ' .. behind) end
return #open / 2
`)

// T-R7: the clock of the Redis server is set back. No cooldown and no lease gets longer by
// that, and what closes stays closed.
func TestTheClockOfRedisIsSetBack(t *testing.T) {
	t.Parallel()
	const hold = 10 * time.Minute
	for name, step := range map[string]time.Duration{"a second": time.Second, "an hour": time.Hour, "a year": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testenv.Redis(t)
			a, b := startPatient(t, server.URL()), startPatient(t, server.URL())
			a.awaitState(t, "up")
			b.awaitState(t, "up")
			policy := healthtest.Policy()
			policy.CooldownMax = time.Hour
			open := func(scope string, hold time.Duration) dataplane.Scope {
				t.Helper()
				s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: scope}
				r := failure(s, time.Now())
				r.Policy, r.Hold = policy, hold
				a.Report(r)
				eventually(t, "both skip "+scope, func() bool {
					return a.Condition(s).State != dataplane.Closed && b.Condition(s).State != dataplane.Closed
				})
				return s
			}
			short, leased, long := open("short", 300*time.Millisecond), open("leased", time.Millisecond), open("long", hold)
			eventually(t, "a probe is due", func() bool { return b.Condition(leased).State == dataplane.HalfOpen })
			eventually(t, "a node has the lease", func() bool {
				_, ok := b.Probe(t.Context(), leased, 300*time.Millisecond)
				return ok
			})
			until := a.Condition(long).Until

			shifted, err := ahead.Run(t.Context(), operate(t, server), nil, "{trunkline:"+t.Name()+"}:", step.Milliseconds()).Int()
			if err != nil || shifted != 3 {
				t.Fatalf("%d scopes were shifted: %v", shifted, err)
			}
			fresh := startPatient(t, server.URL()) // has learned nothing before the step
			fresh.awaitState(t, "up")
			nodes := []*patientNode{a, b, fresh}
			for _, n := range nodes {
				n.Sync(t.Context())
				c := n.Condition(long)
				if late := c.Until.Sub(until); c.State != dataplane.Open || late < -time.Second || late > 2*time.Second {
					t.Errorf("a cooldown of %v is %s, and ends %v later than it did", hold, c.State, late)
				}
			}
			for _, s := range []dataplane.Scope{short, leased} {
				eventually(t, s.Name+" is probed", func() bool {
					for _, n := range nodes {
						if token, ok := n.Probe(t.Context(), s, time.Minute); ok {
							n.Report(dataplane.Report{Scope: s, Policy: policy, Result: dataplane.Success, Probe: token, Caller: "app", StartedAt: time.Now()})
							return true
						}
					}
					return false
				})
				for _, n := range nodes {
					eventually(t, s.Name+" is closed everywhere", func() bool { return n.Condition(s).State == dataplane.Closed })
				}
			}
			// Evidence is counted on: five more failures open what has closed.
			for range 5 {
				r := failure(short, time.Now())
				r.Policy = policy
				a.Report(r)
			}
			for _, n := range nodes {
				eventually(t, "it is skipped again", func() bool { return n.Condition(short).State != dataplane.Closed })
			}
		})
	}
}

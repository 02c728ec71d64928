package health

import (
	"crypto/rand"
	_ "embed" // the scripts
	"encoding/json"

	"github.com/trunkline-ai/trunkline/dataplane/redis"
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

// newCall makes a call whose one argument is JSON.
func newCall(script redis.Script, keys []string, args any) redis.Call {
	raw, err := json.Marshal(args)
	if err != nil { // plain numbers and strings cannot fail, but for NaN
		raw = []byte("{}")
	}
	return redis.Call{Script: script, Keys: keys, Args: []any{string(raw)}}
}

// addSelfTests has every script tried on a scope of nobody's.
func addSelfTests(c *redis.Client) {
	add := func(name string, script redis.Script, keys func(scope string) []string, args func(scope string) any) {
		c.SelfTest(name, func(scope string) redis.Call { return newCall(script, keys(scope), args(scope)) })
	}
	open, epoch, clock := c.Key("open"), c.Key("epoch"), c.Key("clock")
	all := func(scope string) []string { return []string{windowKey(c, scope), recordKey(c, scope), open, clock} }
	add("count", reportScript, all, func(scope string) any { return reportArgs{Scope: scope, Window: 1000, Successes: 1} })
	add("report", reportScript, all, func(scope string) any {
		return reportArgs{Scope: scope, Window: 1000, Threshold: 1, Cooldown: 1, CooldownMax: 1, Age: -1, Result: "failure", Callers: 1}
	})
	add("probe", probeScript, func(scope string) []string { return []string{recordKey(c, scope), open, clock} },
		func(scope string) any { return probeArgs{Scope: scope, Token: "test", Lease: 1} })
	add("reset", resetScript, all, func(scope string) any { return resetArgs{Scope: scope, StaleAfter: 1} })
	add("refresh", refreshScript, func(string) []string { return []string{open, epoch, clock} },
		func(string) any { return refreshArgs{Epoch: rand.Text()} })
}

// The keys of a scope; they expire by themselves.
func windowKey(c *redis.Client, scope string) string { return c.Key("window:" + scope) }
func recordKey(c *redis.Client, scope string) string { return c.Key("scope:" + scope) }

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
		Named       bool    `json:"named"`       // the upstream's own wait
		Unconfirmed bool    `json:"unconfirmed"` // a caller may have brought it about
		Token       string  `json:"token"`
		LastResort  bool    `json:"last_resort"`
		Caller      string  `json:"caller"`
		Callers     int     `json:"callers"`    // that must have failed
		AnyCaller   bool    `json:"any_caller"` // no caller can cause it
		ManyInARow  int     `json:"many_in_a_row"`
		Successes   int     `json:"successes"`
		SuccessBy   string  `json:"success_by"` // whose they are; *: of several callers
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

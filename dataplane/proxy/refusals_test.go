package proxy_test

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	withTools   = `{"model":"g","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"hi"}]}`
	withoutTool = `{"model":"g","messages":[{"role":"user","content":"tools"}]}`
)

// noTools is a target that takes no tools.
func noTools(body string) (int, string) {
	if gjson.Get(body, "tools").Exists() {
		return 400, `{"error":{"message":"This model does not support tools","type":"invalid_request_error","param":null,"code":null}}`
	}
	return 0, ""
}

// tries gives how the calls for some bodies ended.
func (r *rig) tries(bodies ...string) (out []string) {
	r.t.Helper()
	for _, b := range bodies {
		r.post(b)
		out = append(out, outcomes(r.call()))
	}
	return out
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("tried\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a target refused while another one took it goes to the other at once, for ten minutes.
func TestARefusalIsLearned(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	var log strings.Builder
	r := newRig(t, setup{
		models: []string{"m1", "m2"}, snapshot: at(newTaker(t, noTools), newTaker(t, nil)),
		config: func(c *proxy.Config) {
			c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		},
	})
	learned := func() []dataplane.Refusal {
		return r.served.Config.Handler.(*proxy.Handler).Engine().Learned().All(time.Now().Add(time.Duration(ahead.Load())))
	}
	same(t, r.tries(withTools, withTools, withoutTool), "p1:unsupported p2:ok", "p2:ok", "p1:ok")
	all := learned()
	if len(all) != 1 || all[0].Target.Provider != "p1" || all[0].Parameter != "tools" || all[0].Value != "" || all[0].Endpoint != "/chat/completions" ||
		all[0].Until.Sub(all[0].Since) != 10*time.Minute || all[0].Caller != "key:app" {
		t.Errorf("learned %+v", all)
	}
	if n := strings.Count(log.String(), "a target refuses something that another one accepts"); n != 1 || !strings.Contains(log.String(), "parameter=tools") {
		t.Errorf("said %d times: %s", n, &log)
	}
	for _, s := range r.health.Snapshot() {
		if s.Condition.State != dataplane.Closed || s.Condition.Failures > 0 {
			t.Errorf("held against %v: %+v", s.Scope, s.Condition)
		}
	}
	ahead.Store(int64(10*time.Minute + time.Second))
	if all := learned(); len(all) != 0 {
		t.Errorf("ten minutes later it knows %+v", all)
	}
	same(t, r.tries(withTools), "p1:unsupported p2:ok")
	r.served.Config.Handler.(*proxy.Handler).Engine().Learned().Forget(func(s dataplane.Scope) bool { return s.Provider == "p1" })
	same(t, r.tries(withTools), "p1:unsupported p2:ok")
}

// Nobody took it, so it may be the caller's own nonsense; and a sole target is asked anyway.
func TestARefusalIsLearnedOnProofOnly(t *testing.T) {
	t.Parallel()
	both := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, noTools), newTaker(t, noTools))})
	same(t, both.tries(withTools, withTools), "p1:unsupported p2:unsupported", "p1:unsupported p2:unsupported")
	alone := newRig(t, setup{models: []string{"m1"}, snapshot: at(newTaker(t, noTools))})
	same(t, alone.tries(withTools, withTools), "p1:unsupported", "p1:unsupported")

	// The error names what the request does not hold: a prompt that is repeated, say.
	liar := func(string) (int, string) {
		return 400, `{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model.","param":"temperature","code":"unsupported_parameter"}}`
	}
	lied := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, liar), newTaker(t, nil))})
	same(t, lied.tries(withTools, withTools), "p1:unsupported p2:ok", "p1:unsupported p2:ok")
}

// What one caller brought about holds for that caller, until another one meets it too.
func TestARefusalConcernsWhoMetIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: func(s *nodev1.Snapshot) {
		at(newTaker(t, noTools), newTaker(t, nil))(s)
		for _, name := range []string{"second", "third"} {
			s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: name, Hash: hashOf("sk-" + name), Groups: []string{"g"}})
		}
	}})
	as := func(secret string) string {
		r.post(withTools, "Authorization", "Bearer "+secret)
		return outcomes(r.call())
	}
	same(t, []string{as(clientKey), as(clientKey), as("sk-second"), as("sk-second"), as("sk-third"), as(clientKey)},
		"p1:unsupported p2:ok", "p2:ok", "p1:unsupported p2:ok", "p2:ok", "p2:ok", "p2:ok")
}

// A value that is refused says nothing of other values.
func TestARefusedValueIsLearnedAlone(t *testing.T) {
	t.Parallel()
	picky := func(body string) (int, string) {
		if v := gjson.Get(body, "temperature"); v.Exists() && v.Num != 1 {
			return 400, `{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}`
		}
		return 0, ""
	}
	with := func(v string) string { return `{"model":"g","temperature":` + v + `,"messages":[]}` }
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, picky), newTaker(t, nil))})
	same(t, r.tries(with("0.2"), with("0.2"), with("1"), with("0.3")), "p1:unsupported p2:ok", "p2:ok", "p1:ok", "p1:unsupported p2:ok")

	// A field rule that takes it away lifts the refusal, and nothing is learned of what was not sent.
	ruled := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: func(s *nodev1.Snapshot) {
		at(newTaker(t, picky), newTaker(t, nil))(s)
		s.Providers[0].FieldRules = []*nodev1.FieldRule{{Field: "temperature", Action: "drop"}}
	}})
	same(t, ruled.tries(with("0.2"), with("0.2")), "p1:ok", "p1:ok")
}

// A caller that makes up parameters fills no memory and pushes nobody's requests aside.
func TestLearnedRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	unknown := func(body string) (int, string) {
		name := ""
		gjson.Parse(body).ForEach(func(k, _ gjson.Result) bool {
			if strings.HasPrefix(k.Str, "x_") {
				name = k.Str
			}
			return name == ""
		})
		if name == "" {
			return 0, ""
		}
		return 400, `{"error":{"message":"Unknown parameter: '` + name + `'.","type":"invalid_request_error","param":"` + name + `","code":"unknown_parameter"}}`
	}
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, unknown), newTaker(t, nil))})
	for i := range 40 {
		r.tries(`{"model":"g","x_` + strings.Repeat("a", i+1) + `":1,"messages":[]}`)
	}
	if n := len(r.served.Config.Handler.(*proxy.Handler).Engine().Learned().All(time.Now())); n != 16 {
		t.Errorf("%d are kept of a target", n)
	}
	same(t, r.tries(withTools), "p1:ok")
}

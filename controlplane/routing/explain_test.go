package routing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// explainConfig has a group "pool" of members that differ in everything the order minds.
func explainConfig(selection string) *controlplane.Config {
	off := proto.Bool(false)
	provider := func(name string, models ...*adminv1.Model) *adminv1.Provider {
		return &adminv1.Provider{Name: name, Models: models, Credentials: []*adminv1.Credential{{Name: "k1"}, {Name: "k2"}, {Name: "old", Enabled: off}}}
	}
	a := provider("a", &adminv1.Model{Id: "dear", Price: &adminv1.Price{Input: "2", Output: "4"}}, &adminv1.Model{Id: "cheap", Alias: "c", Price: &adminv1.Price{Input: "0.15", Output: "0.6"}})
	b := provider("b", &adminv1.Model{Id: "unpriced"}, &adminv1.Model{Id: "twin"}, &adminv1.Model{Id: "call", Price: &adminv1.Price{PerCall: "0.01"}}, &adminv1.Model{Id: "resting", Alias: "nap", Enabled: off})
	gone := provider("gone", &adminv1.Model{Id: "m"})
	gone.Enabled = off
	group := &adminv1.Group{
		Name: "pool", Aliases: []string{"alias"}, Selection: selection,
		Policy: &adminv1.FailoverPolicy{FailureThreshold: proto.Int32(3)},
		Members: []*adminv1.Member{
			{Provider: "gone", Model: "m"},
			{Provider: "b", Model: "unpriced", Priority: 1, Weight: proto.Int32(2)},
			{Provider: "a", Model: "dear", Priority: 1},
			{Provider: "a", Model: "c", Priority: 1, Weight: proto.Int32(4)},
			{Provider: "b", Model: "twin", Priority: 1, Weight: proto.Int32(9)},
			{Provider: "b", Model: "call", Priority: 0, Enabled: off},
			{Provider: "b", Model: "call", Priority: 2},
			{Provider: "b", Model: "nap", Priority: 1},
		},
	}
	var resources []*controlplane.Resource
	for _, p := range []*adminv1.Provider{a, b, gone} {
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: p.Name, Spec: p})
	}
	resources = append(resources,
		&controlplane.Resource{Kind: controlplane.KindGroup, Name: "pool", Spec: group},
		&controlplane.Resource{Kind: controlplane.KindGroup, Name: "asleep", Spec: &adminv1.Group{Name: "asleep", Enabled: off, Members: group.Members[2:3]}})
	return controlplane.NewConfig(1, "lineage", resources, nil)
}

func explain(t *testing.T, config *controlplane.Config, name string, nodes []*adminv1.Node) *adminv1.GroupRoute {
	t.Helper()
	v := routing.NewView(config, nodes)
	group, ok := v.Group(name)
	if !ok {
		t.Fatalf("no group %q", name)
	}
	return v.Explain(group)
}

// states writes candidates as "provider/model state reason remaining nodes".
func states(list []*adminv1.Candidate) string {
	var out []string
	for _, c := range list {
		line := c.GetProvider() + "/" + c.GetModel() + " " + shortState(c.GetState())
		if why := reason(c); why != "" {
			line += " (" + why + ")"
		}
		if c.GetRemaining() != nil {
			line += " " + c.GetRemaining().AsDuration().String()
		}
		if len(c.GetNodes()) > 0 {
			line += " on " + strings.Join(c.GetNodes(), ",")
		}
		if c.GetFailures() > 0 {
			line += fmt.Sprintf(" %d of %d", c.GetFailures(), c.GetThreshold())
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// reason writes why a candidate stands as it does: "provider: overloaded", "member_disabled".
func reason(c *adminv1.Candidate) string {
	if c.GetLeftOutReason() != 0 {
		return strings.ToLower(strings.TrimPrefix(c.GetLeftOutReason().String(), "LEFT_OUT_REASON_"))
	}
	if c.GetReasonScope() <= adminv1.HealthScope_HEALTH_SCOPE_TARGET {
		return c.GetReason()
	}
	return strings.ToLower(strings.TrimPrefix(c.GetReasonScope().String(), "HEALTH_SCOPE_")) + ": " + c.GetReason()
}

func TestExplainOrdersByPriorityPriceAndWeight(t *testing.T) {
	t.Parallel()
	for selection, want := range map[string]string{
		"":           "a/cheap healthy\na/dear healthy\nb/twin healthy\nb/unpriced healthy\nb/call healthy",
		"weighted":   "b/twin healthy\na/cheap healthy\nb/unpriced healthy\na/dear healthy\nb/call healthy",
		"least_busy": "b/twin healthy\na/cheap healthy\nb/unpriced healthy\na/dear healthy\nb/call healthy",
	} {
		got := explain(t, explainConfig(selection), "alias", nil)
		if states(got.GetCandidates()) != want {
			t.Errorf("%q:\n%s\nwant\n%s", selection, states(got.GetCandidates()), want)
		}
		if left := states(got.GetLeftOut()); left != "gone/m disabled (provider_disabled)\nb/call disabled (member_disabled)\nb/resting disabled (model_disabled)" {
			t.Errorf("left out:\n%s", left)
		}
	}
	got := explain(t, explainConfig(""), "pool", nil)
	prices := map[string]string{}
	for _, c := range got.GetCandidates() {
		prices[c.GetModel()] = c.GetPrice()
		if c.GetThreshold() != 3 {
			t.Errorf("%s has threshold %d, want the group's 3", c.GetModel(), c.GetThreshold())
		}
	}
	// Half read and half written; a cent for each call of 2,000 tokens is 5 USD a million.
	for model, want := range map[string]string{"cheap": "0.375", "dear": "3", "call": "5", "twin": ""} {
		if prices[model] != want {
			t.Errorf("price of %s %q, want %q", model, prices[model], want)
		}
	}
}

func TestExplainOfWhatIsNotServed(t *testing.T) {
	t.Parallel()
	if group, ok := routing.NewView(explainConfig(""), nil).Group("nobody"); ok {
		t.Errorf("found %v", group)
	}
	got := explain(t, explainConfig(""), "asleep", nil)
	if len(got.GetCandidates()) != 0 || states(got.GetLeftOut()) != "a/dear disabled (group_disabled)" {
		t.Errorf("got %v", got)
	}
}

// States are written short: "cooling".
func shortState(s adminv1.TargetState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "TARGET_STATE_"))
}

func longState(short string) adminv1.TargetState {
	return adminv1.TargetState(adminv1.TargetState_value["TARGET_STATE_"+strings.ToUpper(short)])
}

// health writes lines of health as nodes report them.
func health(provider, model, credential, state, reason string, seconds, failures int) *adminv1.TargetHealth {
	h := &adminv1.TargetHealth{Provider: provider, Model: model, Credential: credential, State: longState(state), Reason: reason, Failures: int32(failures)}
	if seconds > 0 {
		h.Remaining = durationpb.New(time.Duration(seconds) * time.Second)
	}
	return h
}

func TestExplainShowsTheWorstOfAllNodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		nodes []*adminv1.Node
		want  string // how a/cheap, and after it a/dear, stand
	}{
		{"no node", nil, "a/cheap healthy\na/dear healthy"},
		{"longest of two", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "cooling", "server_error", 7, 5)}},
			{Name: "n2", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "cooling", "busy", 20, 4)}},
			{Name: "n3", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "degraded", "", 0, 2)}},
		}, "a/dear healthy\na/cheap cooling (busy) 20s on n1,n2 5 of 3"},
		{"a node that left", []*adminv1.Node{
			{Name: "n1", Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "cooling", "busy", 20, 4)}},
		}, "a/cheap healthy\na/dear healthy"},
		{"degraded stays in its place", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "degraded", "", 0, 2)}},
		}, "a/cheap degraded on n1 2 of 3\na/dear healthy"},
		{"one of two credentials", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "", "k1", "cooling", "auth_failed", 300, 0)}},
		}, "a/cheap healthy\na/dear healthy"},
		{"the whole provider", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "", "", "cooling", "dns_error", 9, 0)}},
		}, "a/cheap cooling (provider: dns_error) 9s on n1\na/dear cooling (provider: dns_error) 9s on n1"},
		{"every credential, back with the first", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{
				health("a", "", "k1", "cooling", "auth_failed", 300, 0), health("a", "", "k2", "cooling", "rate_limited", 4, 0),
			}},
		}, "a/cheap cooling (credentials: rate_limited) 4s on n1\na/dear cooling (credentials: rate_limited) 4s on n1"},
		{"what needs help goes last", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{
				health("a", "cheap", "", "cooling", "model_not_found", 3, 0), health("a", "dear", "", "cooling", "busy", 60, 0),
			}},
		}, "a/dear cooling (busy) 1m0s on n1\na/cheap cooling (model_not_found) 3s on n1"},
		{"probing stays in its place", []*adminv1.Node{
			{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("a", "cheap", "", "probing", "busy", 0, 0)}},
		}, "a/cheap probing (busy) on n1\na/dear healthy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := explain(t, explainConfig(""), "pool", tt.nodes)
			var ofA []*adminv1.Candidate
			for _, c := range got.GetCandidates() {
				if c.GetProvider() == "a" {
					ofA = append(ofA, c)
				}
			}
			if states(ofA) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", states(ofA), tt.want)
			}
		})
	}
}

// What a client names leads to the group that a node would take: exactly, in other letters, by a
// pattern; one that is switched off only when no other fits.
func TestGroupsAreFoundAsNodesFindThem(t *testing.T) {
	t.Parallel()
	off := proto.Bool(false)
	var resources []*controlplane.Resource
	for _, g := range []*adminv1.Group{
		{Name: "all", Aliases: []string{"*"}}, {Name: "openai", Aliases: []string{"openai/*", "GPT"}},
		{Name: "asleep", Aliases: []string{"openai/o*", "old"}, Enabled: off},
	} {
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindGroup, Name: g.Name, Spec: g})
	}
	v := routing.NewView(controlplane.NewConfig(1, "lineage", resources, nil), nil)
	for name, want := range map[string]string{
		"openai": "openai", "OpenAI": "openai", "gpt": "openai", "OPENAI/gpt-5": "openai", "openai/o3": "openai", "old": "all", "x": "all", "asleep": "asleep",
	} {
		if g, ok := v.Group(name); !ok || g.GetName() != want {
			t.Errorf("%s is group %q, want %q", name, g.GetName(), want)
		}
	}
}

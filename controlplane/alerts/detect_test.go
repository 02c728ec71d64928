package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// stored is a configuration of documents that were made a year ago.
type stored []proto.Message

func (s stored) Current() *controlplane.Config {
	var all []*controlplane.Resource
	for i, doc := range s {
		r := &controlplane.Resource{UID: fmt.Sprintf("uid%d", i), Spec: doc, CreatedAt: start.AddDate(-1, 0, 0)}
		switch d := doc.(type) {
		case *adminv1.Provider:
			r.Kind, r.Name = controlplane.KindProvider, d.GetName()
		case *adminv1.Group:
			r.Kind, r.Name = controlplane.KindGroup, d.GetName()
		case *adminv1.ApiKey:
			r.Kind, r.Name = controlplane.KindAPIKey, d.GetName()
		}
		all = append(all, r)
	}
	return controlplane.NewConfig(1, "l", all, nil)
}

type nodes []*adminv1.Node

func (n nodes) Nodes() []*adminv1.Node { return n }

func (nodes) Incomplete() string { return "" }

func now() time.Time { return start }

// lines are conditions in short.
func lines(found []Condition, ok bool) (all []string) {
	if !ok {
		return []string{"blind"}
	}
	for _, c := range found {
		keep := ""
		if c.Keep {
			keep = " (keep)"
		}
		all = append(all, fmt.Sprintf("%d %s%s", c.Severity, c.Alert.GetSummary(), keep))
	}
	return all
}

func want(t *testing.T, d Detector, wanted ...string) {
	t.Helper()
	if got := lines(d.Look(t.Context())); !slices.Equal(got, wanted) {
		t.Errorf("%s sees %q, want %q", d.Event(), got, wanted)
	}
}

func TestCooldowns(t *testing.T) {
	t.Parallel()
	live := stored{
		&adminv1.Provider{Name: "p"}, &adminv1.Provider{Name: "off", Enabled: proto.Bool(false)}, &adminv1.Provider{Name: "q"},
		&adminv1.Group{Name: "g", Members: []*adminv1.Member{{Provider: "q", Model: "m"}, {Provider: "q", Model: "n"}}},
	}
	target := func(provider, model, credential string, state adminv1.TargetState, left time.Duration, reason string) *adminv1.TargetHealth {
		return &adminv1.TargetHealth{Provider: provider, Model: model, Credential: credential, State: state, Remaining: durationpb.New(left), Reason: reason}
	}
	const cools, probing, degraded = adminv1.TargetState_TARGET_STATE_COOLING, adminv1.TargetState_TARGET_STATE_PROBING, adminv1.TargetState_TARGET_STATE_DEGRADED
	all := nodes{
		{Name: "a", Connected: true, Targets: []*adminv1.TargetHealth{
			target("p", "", "", cools, time.Second, "x"), target("p", "m", "", cools, time.Second, "x"), target("off", "m", "", cools, time.Second, "x"),
			target("nobody", "m", "", cools, time.Second, "x"), target("q", "m", "", cools, time.Second, "timeout"), target("q", "n", "", probing, 0, "x"),
		}},
		{Name: "b", Connected: true, Targets: []*adminv1.TargetHealth{
			target("q", "m", "", cools, time.Minute, "rate_limited"), target("q", "", "key", cools, time.Minute, "invalid_key"), target("q", "o", "", degraded, 0, ""),
		}},
		{Name: "c", Targets: []*adminv1.TargetHealth{target("q", "z", "", cools, time.Minute, "long ago")}},
	}
	d := Cooldowns{Live: live, Nodes: all}
	want(t, d,
		"1 provider p is cooling down on 1 of 2 nodes: x",
		"1 p/m is cooling down on 1 of 2 nodes: x (keep)",
		"1 credential key of q is cooling down on 1 of 2 nodes: invalid_key",
		"1 q/m is cooling down on 2 of 2 nodes: rate_limited",
		"1 q/n is cooling down on 0 of 2 nodes: (keep)",
	)
	found, _ := d.Look(t.Context())
	if a := found[3].Alert; !slices.Equal(a.GetGroups(), []string{"g"}) || !slices.Equal(a.GetNodes(), []string{"a", "b"}) || a.GetReason() != "rate_limited" || a.GetCount() != 2 || a.GetNodeCount() != 2 {
		t.Errorf("it is %v", a)
	}
	want(t, Cooldowns{Live: live, Nodes: nodes{{Name: "c"}}}, "blind")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	routes := func([]*adminv1.Node) []*adminv1.GroupRoute {
		return []*adminv1.GroupRoute{
			{Group: "fine"}, {Group: "new", Reason: adminv1.GroupRouteReason_GROUP_ROUTE_REASON_NO_MEMBERS},
			{Group: "down", Reason: adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_COOLING, Candidates: []*adminv1.Candidate{{Reason: "timeout", Nodes: []string{"a", "b"}}, {Nodes: []string{"b"}}}},
			{Group: "out", Reason: adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_LEFT_OUT},
		}
	}
	d := Groups{Nodes: nodes{{Name: "a", Connected: true}}, Routes: routes}
	want(t, d, "1 no member of group down is available: all of them are cooling down", "1 no member of group out is available: all of them, or their providers, are disabled")
	found, _ := d.Look(t.Context())
	if a := found[0].Alert; a.GetGroup() != "down" || a.GetReason() != "timeout" || !slices.Equal(a.GetNodes(), []string{"a", "b"}) {
		t.Errorf("it is %v", a)
	}
	want(t, Groups{Nodes: nodes{}, Routes: routes}, "blind")
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	key := func(name, amount string) *adminv1.ApiKey {
		return &adminv1.ApiKey{Name: name, Budget: &adminv1.Budget{Amount: amount, Period: "day"}}
	}
	off := key("off", "1")
	off.Enabled = proto.Bool(false)
	d := &Budgets{
		Live: stored{key("a", "10"), key("b", "10"), key("c", "10"), key("d", "10"), key("huge", "999999"), off, &adminv1.ApiKey{Name: "free"}},
		Now:  now, Logger: slog.New(slog.DiscardHandler),
		Spent: func(_ context.Context, since map[string]time.Time) (map[string]usage.Cost, error) {
			if len(since) != 5 || !since["a"].Equal(start.Truncate(24*time.Hour)) {
				return nil, fmt.Errorf("asked for %v", since)
			}
			return map[string]usage.Cost{
				"a": {Micro: 4_999_999}, "b": {Micro: 5_000_000}, "c": {Micro: 9_999_999}, "d": {Micro: 123_000_000}, "huge": {Micro: 1 << 62},
			}, nil
		},
	}
	want(t, d,
		"1 API key b has spent 50 % of its budget of 10 USD a day", "2 API key c has spent 80 % of its budget of 10 USD a day",
		"3 API key d has spent 100 % of its budget of 10 USD a day", "3 API key huge has spent 100 % of its budget of 999999 USD a day",
	)
	d.Spent = func(context.Context, map[string]time.Time) (map[string]usage.Cost, error) {
		return nil, errors.New("away")
	}
	want(t, d, "blind")
	d.Live = stored{} // the keys are gone
	want(t, d)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := func(name string, left time.Duration) *adminv1.ApiKey {
		return &adminv1.ApiKey{Name: name, ExpireTime: timestamppb.New(start.Add(left))}
	}
	off := key("off", time.Hour)
	off.Enabled = proto.Bool(false)
	want(t, &Keys{Live: stored{
		&adminv1.ApiKey{Name: "always"}, key("a", 14*day+time.Second), key("b", 14*day), key("c", 2*day), key("d", time.Hour), key("e", -time.Hour), key("f", -day), off,
	}, Now: now},
		"1 API key b expires within 14 days, at 2026-12-13T08:00:00Z", "2 API key c expires within 3 days, at 2026-12-01T08:00:00Z",
		"3 API key d expires within a day, at 2026-11-29T09:00:00Z", "4 API key e expired at 2026-11-29T07:00:00Z",
	)
	d := &Keys{Live: stored{&adminv1.ApiKey{Name: "always"}}, Now: now}
	want(t, d)
	d.Live = stored{key("ends", time.Hour)} // another configuration
	want(t, d, "3 API key ends expires within a day, at 2026-11-29T09:00:00Z")
	// A key that was made for two days is told of when one is left, and one for an hour never.
	r := &controlplane.Resource{UID: "u", Name: "k", CreatedAt: start}
	for left, wanted := range map[time.Duration]string{2 * day: "", day: "3", time.Minute: "3", -time.Minute: "4"} {
		c, ok := expiring(r, key("k", 2*day), start.Add(2*day-left))
		if got := fmt.Sprint(c.Severity); ok != (wanted != "") || ok && got != wanted {
			t.Errorf("%s before its end: %t, %s, want %q", left, ok, got, wanted)
		}
	}
	if c, ok := expiring(r, key("k", time.Hour), start.Add(2*time.Hour)); ok {
		t.Errorf("a key for an hour: %v", c)
	}
}

func TestLostNodes(t *testing.T) {
	t.Parallel()
	at, seen := start, timestamppb.New(start.Add(-time.Hour))
	d := &LostNodes{
		Nodes: nodes{
			{Name: "here", Connected: true}, {Name: "gone", LastSeenTime: seen}, {Name: "drained", DrainOrdered: true, LastSeenTime: seen}, {Name: "revoked", LastSeenTime: seen},
		},
		Revoked: func(node string) bool { return node == "revoked" }, Now: func() time.Time { return at },
	}
	// Nobody was heard of while nobody listened.
	want(t, d, "1 node gone is not connected; it was last seen at 2026-11-29T07:00:00Z (keep)")
	at = at.Add(time.Minute)
	want(t, d, "1 node gone is not connected; it was last seen at 2026-11-29T07:00:00Z")
}

func TestDrift(t *testing.T) {
	t.Parallel()
	old := timestamppb.New(start.Add(-time.Hour))
	want(t, Drift{Now: now, Nodes: nodes{
		{Name: "fine", Connected: true}, {Name: "soon", Connected: true, ConnectTime: old, BehindFor: durationpb.New(59 * time.Second)},
		{Name: "new", Connected: true, ConnectTime: timestamppb.New(start), BehindFor: durationpb.New(time.Hour)},
		{Name: "late", Connected: true, ConnectTime: old, AppliedRevision: 7, BehindFor: durationpb.New(time.Minute)},
		{Name: "held", Connected: true, ConnectTime: old, AppliedRevision: 7, HeldRevision: 7},
		{Name: "held late", Connected: true, ConnectTime: old, AppliedRevision: 7, HeldRevision: 7, BehindFor: durationpb.New(time.Minute)},
		{Name: "no", Connected: true, Error: "bad\nprice"}, {Name: "ahead", Connected: true, Lineage: &adminv1.NodeLineage{Ahead: true}},
		{Name: "part", Connected: true, RefusedDocumentCount: 2}, {Name: "gone", Error: "x"},
	}},
		"1 node late has been serving revision 7, which is not the newest, for more than a minute",
		"1 node held late has been serving revision 7, which is not the newest, for more than a minute", "2 node no refuses the newest configuration",
		"2 node ahead refuses this database: it has seen a newer or a different one", "1 node part does not serve 2 documents that its version does not support",
		"2 node gone refuses the newest configuration (keep)",
	)
}

func TestGoneModels(t *testing.T) {
	t.Parallel()
	gone := func(id string) *adminv1.Model {
		return &adminv1.Model{Id: id, Imported: &adminv1.ModelImport{GoneTime: timestamppb.New(start)}}
	}
	want(t, GoneModels{Live: stored{
		&adminv1.Provider{Name: "p", Models: []*adminv1.Model{gone("a"), {Id: "b", Imported: &adminv1.ModelImport{}}, {Id: "c"}}},
		&adminv1.Provider{Name: "q", Models: []*adminv1.Model{gone("a"), gone("b"), gone("c"), gone("d"), gone("e"), gone("f")}},
		&adminv1.Provider{Name: "off", Enabled: proto.Bool(false), Models: []*adminv1.Model{gone("a")}},
	}},
		"1 provider p no longer lists a model that an import brought: a",
		"6 provider q no longer lists 6 models that an import brought: a, b, c, d, e and others",
	)
}

func TestFailingImports(t *testing.T) {
	t.Parallel()
	every := &adminv1.ProviderImport{Interval: durationpb.New(time.Hour)}
	live := stored{
		&adminv1.Provider{Name: "p", Import: every}, &adminv1.Provider{Name: "once", Import: every}, &adminv1.Provider{Name: "by hand", Import: &adminv1.ProviderImport{}},
		&adminv1.Provider{Name: "off", Enabled: proto.Bool(false), Import: every}, &adminv1.Provider{Name: "fine", Import: every},
		&adminv1.Group{Name: "g", Members: []*adminv1.Member{{Provider: "p", Model: "m"}}},
	}
	var broken, silent error
	d := FailingImports{
		Live: live, Logger: slog.New(slog.DiscardHandler),
		Failures: func(context.Context) (map[string]int, error) {
			return map[string]int{"uid0": 2, "uid1": 1, "uid2": 5, "uid3": 5, "gone": 5}, broken
		},
		Why: func(_ context.Context, provider string) (string, error) {
			return "the list of\n" + provider + " is empty", silent
		},
	}
	want(t, d, "1 the last 2 scheduled imports of provider p failed")
	found, _ := d.Look(t.Context())
	if a := found[0].Alert; a.GetProvider() != "p" || !slices.Equal(a.GetGroups(), []string{"g"}) || a.GetReason() != "the list of p is empty" || found[0].Subject != "uid0" {
		t.Errorf("it is %v of %s", a, found[0].Subject)
	}
	silent = errors.New("no reason is known")
	want(t, d, "1 the last 2 scheduled imports of provider p failed")
	broken = errors.New("the database is away")
	want(t, d, "blind")
}

func TestFailedSignIns(t *testing.T) {
	t.Parallel()
	var (
		n      int64
		broken error
	)
	d := FailedSignIns{Now: now, Logger: slog.New(slog.DiscardHandler), Failed: func(_ context.Context, since time.Time) (int64, error) {
		if !since.Equal(start.Add(-10 * time.Minute)) {
			t.Errorf("they are counted since %s", since)
		}
		return n, broken
	}}
	for count, wanted := range map[int64][]string{
		0: nil, 10: nil,
		11:  {"0 11 sign-ins to the console failed within 10 minutes; the audit log tells whose and from where (keep)"},
		19:  {"0 19 sign-ins to the console failed within 10 minutes; the audit log tells whose and from where (keep)"},
		20:  {"1 20 sign-ins to the console failed within 10 minutes; the audit log tells whose and from where"},
		200: {"2 200 sign-ins to the console failed within 10 minutes; the audit log tells whose and from where"},
	} {
		n = count
		want(t, d, wanted...)
	}
	found, _ := d.Look(t.Context())
	if n >= 20 && found[0].Alert.GetLevel() == 0 {
		t.Errorf("it is %v", found[0].Alert)
	}
	broken = errors.New("the database is away")
	want(t, d, "blind")
}

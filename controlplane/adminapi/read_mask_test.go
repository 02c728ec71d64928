package adminapi_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestListsGiveOnlyTheFieldsThatAReadMaskNames(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	p := provider("main")
	p.Timeouts = &adminv1.ProviderTimeouts{Connect: durationpb.New(5e9), Response: durationpb.New(60e9)}
	whole := c.createProvider(t, p)
	c.createGroup(t, group("pool", "main"))

	for name, tt := range map[string]struct {
		mask *fieldmaskpb.FieldMask
		want *adminv1.Provider
	}{
		"none":        {nil, whole},
		"an empty":    {mask(), whole},
		"a name":      {mask("name"), &adminv1.Provider{Name: "main"}},
		"a name once": {mask("name", "name"), &adminv1.Provider{Name: "main"}},
		"an unset":    {mask("import.interval", "headers"), &adminv1.Provider{}},
		"a list":      {mask("models"), &adminv1.Provider{Models: whole.GetModels()}},
		"a part": {
			mask("uid", "timeouts.connect"),
			&adminv1.Provider{Uid: whole.GetUid(), Timeouts: &adminv1.ProviderTimeouts{Connect: durationpb.New(5e9)}},
		},
		"what is worked out": {mask("effective_timeouts"), &adminv1.Provider{EffectiveTimeouts: whole.GetEffectiveTimeouts()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := ok(c.providers.ListProviders(ctx, &adminv1.ListProvidersRequest{ReadMask: tt.mask}))(t)
			if len(res.GetProviders()) != 1 || res.GetTotalSize() != 1 || !proto.Equal(res.GetProviders()[0], tt.want) {
				t.Errorf("%v, want %v", res, tt.want)
			}
		})
	}
	got := ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{ReadMask: mask("name", "api_key_count")}))(t).GetGroups()
	if want := (&adminv1.Group{Name: "pool"}); len(got) != 1 || !proto.Equal(got[0], want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	// A mask takes nothing from what is stored.
	if again := ok(c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: "main"}))(t).GetProvider(); !proto.Equal(again, whole) {
		t.Errorf("afterwards %v, want %v", again, whole)
	}
}

func TestReadMaskRefusesWhatNoAnswerHolds(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	for path, want := range map[string]string{
		"nmae":               `"nmae" is no field of Provider`,
		"timeouts.none":      `"timeouts.none" is no field of Provider`,
		"name.x":             `"name.x" is no field of Provider`,
		"models.id":          `"models.id": models can only be named as a whole`,
		"credentials.secret": `"credentials.secret": credentials can only be named as a whole`,
		"dialect.a.b":        `"dialect.a.b" is no field of Provider`,
	} {
		_, err := c.providers.ListProviders(t.Context(), &adminv1.ListProvidersRequest{ReadMask: mask("name", path)})
		if got := violations(t, err); !slices.Equal(got, []string{"read_mask: " + want}) {
			t.Errorf("%q: violations %q, want %q", path, got, want)
		}
	}
	_, err := c.groups.ListGroups(t.Context(), &adminv1.ListGroupsRequest{ReadMask: mask("member", "members.provider")})
	want := []string{`read_mask: "member" is no field of Group`, `read_mask: "members.provider": members can only be named as a whole`}
	if got := violations(t, err); !slices.Equal(got, want) {
		t.Errorf("groups: violations %q, want %q", got, want)
	}
}

func TestSumsGiveOnlyTheFieldsThatAReadMaskNames(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertAttempts(t)
	c := e.admin(t)
	ctx := t.Context()
	const provider = adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER
	counted := mask("attempts", "counted_failures")
	full := ok(c.usage.BreakDownAttempts(ctx, &adminv1.BreakDownAttemptsRequest{By: provider}))(t).GetRows()
	rows := ok(c.usage.BreakDownAttempts(ctx, &adminv1.BreakDownAttemptsRequest{By: provider, ReadMask: counted}))(t).GetRows()
	if len(full) == 0 || len(rows) != len(full) {
		t.Fatalf("%d rows, with a mask %d", len(full), len(rows))
	}
	for i, row := range rows {
		want := &adminv1.AttemptTotals{Attempts: full[i].GetTotal().GetAttempts(), CountedFailures: full[i].GetTotal().GetCountedFailures()}
		if diff := cmp.Diff(want, row.GetTotal(), protocmp.Transform()); diff != "" {
			t.Errorf("attempts of %s (-want +got):\n%s", row.GetValue(), diff)
		}
	}
	series := ok(c.usage.GetAttemptSeries(ctx, &adminv1.GetAttemptSeriesRequest{By: provider, ReadMask: counted}))(t).GetSeries()
	for _, one := range series {
		if one.GetTotal().GetAttempts() == 0 || one.GetTotal().Duration != nil || one.GetPoints()[0].GetTotal().Duration != nil {
			t.Errorf("a series of attempts: %v", one)
		}
	}
	for _, row := range ok(c.usage.BreakDownUsage(ctx, &adminv1.BreakDownUsageRequest{By: provider, ReadMask: mask("calls", "duration.p95")}))(t).GetRows() {
		if total := row.GetTotal(); total.GetCalls() == 0 || total.GetDuration().GetP95() == nil || total.GetDuration().P50 != nil || total.GetCost() != "" {
			t.Errorf("calls of %s: %v", row.GetValue(), total)
		}
	}
	for _, one := range ok(c.usage.GetUsageSeries(ctx, &adminv1.GetUsageSeriesRequest{ReadMask: mask("calls")}))(t).GetSeries() {
		if one.GetTotal().GetCalls() == 0 || one.GetTotal().Duration != nil || one.GetPoints()[0].GetTotal().GetCost() != "" {
			t.Errorf("a series of calls: %v", one)
		}
	}
	_, err := c.usage.GetUsageSeries(ctx, &adminv1.GetUsageSeriesRequest{ReadMask: mask("call")})
	if got := violations(t, err); !slices.Equal(got, []string{`read_mask: "call" is no field of UsageTotals`}) {
		t.Errorf("violations %q", got)
	}
}

func TestNodesAreListedWithoutWhatIsLong(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) {
		c.Nodes = nodes{{Name: "n1", Connected: true, AppliedRevision: 4, Targets: []*adminv1.TargetHealth{{Provider: "p"}}, KeywordHits: map[string]int64{"k": 1}}}
	})
	c := e.admin(t)
	got := ok(c.nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{ReadMask: mask("name", "connected")}))(t)
	want := []*adminv1.Node{{Name: "n1", Connected: true}}
	if diff := cmp.Diff(want, got.GetNodes(), protocmp.Transform()); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if all := ok(c.nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{}))(t).GetNodes(); len(all[0].GetTargets()) != 1 {
		t.Errorf("without a mask: %v", all)
	}
	_, err := c.nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{ReadMask: mask("name", "nothing")})
	if got := violations(t, err); len(got) != 1 {
		t.Errorf("violations %q", got)
	}
}

package adminapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// resource puts a document into its envelope.
func resource(doc proto.Message) *adminv1.Resource {
	switch d := doc.(type) {
	case *adminv1.Provider:
		return &adminv1.Resource{Spec: &adminv1.Resource_Provider{Provider: d}}
	case *adminv1.Group:
		return &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: d}}
	case *adminv1.ApiKey:
		return &adminv1.Resource{Spec: &adminv1.Resource_ApiKey{ApiKey: d}}
	case *adminv1.FailureKeyword:
		return &adminv1.Resource{Spec: &adminv1.Resource_FailureKeyword{FailureKeyword: d}}
	case *adminv1.Settings:
		return &adminv1.Resource{Spec: &adminv1.Resource_Settings{Settings: d}}
	default:
		panic(fmt.Sprintf("no resource holds a %T", doc))
	}
}

// brief writes changes as lines to compare.
func brief(changes []*adminv1.ResourceChange) (lines []string) {
	for _, c := range changes {
		op := strings.ToLower(strings.TrimPrefix(c.GetOperation().String(), "OPERATION_"))
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", op, c.GetKind(), c.GetName())))
	}
	return lines
}

func TestApplyDiffExport(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	docs := []*adminv1.Resource{
		resource(&adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}}),
		resource(provider("main")),
		resource(group("pool", "main")),
		resource(&adminv1.ApiKey{Name: "app", Groups: []string{"pool"}}),
		resource(&adminv1.FailureKeyword{Name: "busy", Keyword: "overloaded"}),
	}
	planned := ok(c.config.DiffConfig(ctx, &adminv1.DiffConfigRequest{Resources: docs}))(t)
	applied := ok(c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: docs}))(t)
	want := []string{"create Settings", "create Provider main", "create Group pool", "create ApiKey app", "create FailureKeyword busy"}
	if diff := cmp.Diff(want, brief(applied.GetChanges())); diff != "" {
		t.Errorf("applied:\n%s", diff)
	}
	if diff := cmp.Diff(applied.GetChanges(), planned.GetChanges(), protocmp.Transform()); diff != "" {
		t.Errorf("planned and applied differ:\n%s", diff)
	}
	if planned.GetRevision() != 0 || applied.GetRevision() != 1 {
		t.Errorf("revisions %d and %d", planned.GetRevision(), applied.GetRevision())
	}
	if keys := applied.GetGeneratedKeys(); len(keys) != 1 || keys[0].GetName() != "app" || !strings.HasPrefix(keys[0].GetSecret(), "sk-tl-") {
		t.Errorf("generated keys %v", keys)
	}

	exported := ok(c.config.ExportConfig(ctx, &adminv1.ExportConfigRequest{}))(t)
	if exported.GetRevision() != 1 || len(exported.GetResources()) != 5 {
		t.Fatalf("exported %d resources at revision %d", len(exported.GetResources()), exported.GetRevision())
	}
	// An export applies again and changes nothing.
	again := ok(c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: exported.GetResources(), Prune: true}))(t)
	for _, change := range again.GetChanges() {
		if change.GetOperation() != adminv1.Operation_OPERATION_UNCHANGED {
			t.Errorf("applying the export: %v", change)
		}
	}
	if again.GetRevision() != 1 || len(again.GetGeneratedKeys()) != 0 {
		t.Errorf("applying the export made revision %d and keys %v", again.GetRevision(), again.GetGeneratedKeys())
	}

	p := provider("main")
	p.MaxInFlight = 5
	rest := []*adminv1.Resource{resource(group("pool", "main")), resource(p)}
	pruned := ok(c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: rest, Prune: true}))(t)
	want = []string{"unchanged Group pool", "update Provider main", "delete ApiKey app", "delete FailureKeyword busy"}
	if diff := cmp.Diff(want, brief(pruned.GetChanges())); diff != "" {
		t.Errorf("pruned:\n%s", diff)
	}
	if lines := pruned.GetChanges()[1].GetDifferences(); len(lines) != 1 || !strings.Contains(lines[0], "max_in_flight") {
		t.Errorf("differences %q", lines)
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	_, err := c.config.ApplyConfig(t.Context(), &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{
		resource(provider("main")), resource(group("pool", "nobody")),
	}})
	violations(t, err)
	if now := e.backend.live.Current(); now.Revision != 0 || now.Count("Provider") != 0 {
		t.Errorf("revision %d with %d providers", now.Revision, now.Count("Provider"))
	}
}

package adminapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// later is a list of nodes that is filled in when the server runs.
type later struct{ nodes }

func (l *later) Nodes() []*adminv1.Node { return l.nodes }

func TestTheReceiptNamesLaggards(t *testing.T) {
	t.Parallel()
	list := &later{}
	e := start(t, func(cfg *adminapi.Config) { cfg.Nodes = list })
	lineage := e.backend.live.Current().Lineage
	seen := timestamppb.New(time.Unix(1_800_000_000, 0))
	node := func(name string, connected bool, applied, revoked uint64, of string, ahead bool) *adminv1.Node {
		return &adminv1.Node{
			Name: name, Connected: connected, AppliedRevision: applied, LastSeenTime: seen,
			Lineage: &adminv1.NodeLineage{Lineage: of, RevokedRevision: revoked, Ahead: ahead},
		}
	}
	list.nodes = nodes{
		node("ahead", true, 9, 9, lineage, true),
		node("by-revoke", true, 1, 2, lineage, false),
		node("by-snapshot", true, 2, 0, lineage, false),
		node("gone", false, 1, 1, lineage, false),
		node("gone-in-time", false, 2, 2, lineage, false),
		node("new", true, 0, 0, "", false),
		node("of-another", true, 9, 9, "another", false),
		node("slow", true, 1, 1, lineage, false),
	}
	list.nodes[7].Error = "revision 2: no"
	c := e.admin(t)
	ok(c.keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app"}}))(t)
	res := ok(c.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "app", Wait: durationpb.New(time.Millisecond), CutStreams: true}))(t)
	if k := res.GetApiKey(); k.GetEnabled() || k.GetRevokeTime() == nil || !k.GetRevokeCutStreams() {
		t.Errorf("the key is %v", k)
	}
	receipt := res.GetReceipt()
	if want := []string{"by-revoke", "by-snapshot", "gone-in-time"}; receipt.GetRevision() != 2 || !slices.Equal(receipt.GetConfirmed(), want) {
		t.Errorf("revision %d, confirmed %q, want %q", receipt.GetRevision(), receipt.GetConfirmed(), want)
	}
	var lines []string
	for _, n := range receipt.GetUnconfirmed() {
		if !n.GetLastSeenTime().AsTime().Equal(seen.AsTime()) {
			t.Errorf("%s was seen last at %v", n.GetName(), n.GetLastSeenTime())
		}
		lines = append(lines, n.GetName()+": "+n.GetReason())
	}
	const ahead = "it follows a newer state of the database, or another one; see 'trunklinectl configs adopt-database'"
	want := []string{
		"ahead: " + ahead, "gone: it is not connected", "new: it has not answered yet", "of-another: " + ahead,
		"slow: it has not answered, and refused the last snapshot: revision 2: no",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("unconfirmed:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}

	for _, wait := range []time.Duration{-time.Second, 61 * time.Second} {
		_, err := c.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "app", Wait: durationpb.New(wait)})
		if v := violations(t, err); len(v) != 1 {
			t.Errorf("wait %s: %v", wait, v)
		}
	}
	_, err := c.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "nobody"})
	if connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("revoke what does not exist: %v", err)
	}
	_, err = c.keys.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "app", Overlap: durationpb.New(721 * time.Hour)})
	if v := violations(t, err); len(v) != 1 {
		t.Errorf("overlap of 721h: %v", v)
	}
	_, err = c.keys.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "app"})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("rotate a revoked key: %v", err)
	}
}

func TestHistoryOverTheAPI(t *testing.T) {
	t.Parallel()
	e := start(t, func(cfg *adminapi.Config) {
		cfg.Nodes = nodes{{Name: "n", Lineage: &adminv1.NodeLineage{Lineage: "of-a-node"}}, {Name: "new"}}
	})
	c := e.admin(t)
	ctx := t.Context()
	for _, name := range []string{"a", "b", "c"} {
		ok(c.keys.CreateApiKey(ctx, &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: name}}))(t)
	}
	rotated := ok(c.keys.RotateApiKey(ctx, &adminv1.RotateApiKeyRequest{Name: "a", Overlap: durationpb.New(time.Hour)}))(t)
	if rotated.GetSecret() == "" || rotated.GetApiKey().GetOldSecretExpireTime() == nil {
		t.Errorf("rotated: %v", rotated.GetApiKey())
	}
	var seen []uint64
	for token := ""; ; {
		page := ok(c.config.ListRevisions(ctx, &adminv1.ListRevisionsRequest{PageSize: 3, PageToken: token}))(t)
		for _, r := range page.GetRevisions() {
			seen = append(seen, r.GetRevision())
			if r.GetActor() != "user:"+adminUser || r.GetCommitTime() == nil || r.GetChangeCount() != 1 || len(r.GetChanges()) != 1 {
				t.Errorf("revision %v", r)
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if !slices.Equal(seen, []uint64{4, 3, 2, 1}) {
		t.Errorf("revisions %d", seen)
	}
	for _, token := range []string{"x", "cgAAAAAAAAA", strings.Repeat("_", 12)} {
		_, err := c.config.ListRevisions(ctx, &adminv1.ListRevisionsRequest{PageToken: token})
		if v := violations(t, err); len(v) != 1 {
			t.Errorf("page token %q: %v", token, v)
		}
	}
	one := ok(c.config.GetRevision(ctx, &adminv1.GetRevisionRequest{Revision: 4}))(t).GetRevision()
	if lines := one.GetChanges()[0].GetDifferences(); len(lines) != 2 || lines[0] != "secret: (changed)" {
		t.Errorf("revision 4 changed %q", lines)
	}
	diff := ok(c.config.DiffRevisions(ctx, &adminv1.DiffRevisionsRequest{From: 1}))(t)
	if diff.GetTo() != 4 || diff.GetChangeCount() != 3 || !slices.Equal(brief(diff.GetChanges()), []string{"update ApiKey a", "create ApiKey b", "create ApiKey c"}) {
		t.Errorf("difference %v", diff)
	}
	dry := ok(c.config.RollBackConfig(ctx, &adminv1.RollBackConfigRequest{Revision: 2, DryRun: true}))(t)
	if dry.GetRevision() != 4 || e.backend.live.Current().Revision != 4 {
		t.Errorf("the dry run made revision %d", dry.GetRevision())
	}
	back := ok(c.config.RollBackConfig(ctx, &adminv1.RollBackConfigRequest{Revision: 2}))(t)
	if back.GetRevision() != 5 || !slices.Equal(brief(back.GetChanges()), []string{"delete ApiKey c"}) || len(back.GetExceptions()) != 1 || back.GetExceptions()[0].GetName() != "a" {
		t.Errorf("rolled back: %v", back)
	}
	adopted := ok(c.config.AdoptDatabase(ctx, &adminv1.AdoptDatabaseRequest{}))(t)
	if adopted.GetRevision() != 6 || len(adopted.GetReplaces()) != 2 || !slices.Contains(adopted.GetReplaces(), "of-a-node") {
		t.Errorf("adopted: %v", adopted)
	}
	last := ok(c.config.ListRevisions(ctx, &adminv1.ListRevisionsRequest{PageSize: 1}))(t).GetRevisions()[0]
	if last.GetActor() != "user:"+adminUser || last.GetChanges()[0].GetOperation() != adminv1.Operation_OPERATION_ADOPT {
		t.Errorf("the audit of the adoption: %v", last)
	}
	for code, call := range map[connect.Code]func() error{
		connect.CodeNotFound: func() error {
			_, err := c.config.GetRevision(ctx, &adminv1.GetRevisionRequest{Revision: 99})
			return err
		},
		connect.CodeInvalidArgument: func() error {
			_, err := c.config.RollBackConfig(ctx, &adminv1.RollBackConfigRequest{Revision: 99})
			return err
		},
	} {
		if err := call(); connect.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

package adminapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/pki/pkitest"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// enrollment is who belongs to the control plane of the test.
func (e *env) enrollment(t *testing.T) *enrollment.Service {
	t.Helper()
	authority, err := pki.Ensure(t.Context(), store.NewSecrets(e.backend.db), e.backend.sealer, e.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := enrollment.New(t.Context(), enrollment.Config{
		Store: store.NewEnrollment(e.backend.db), Authority: authority, Sealer: e.backend.sealer, Logger: e.logger(), Now: e.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.joins = s
	return s
}

// enroll lets a node join as it would over a connection.
func enroll(ctx context.Context, t *testing.T, s *enrollment.Service, node, secret string) error {
	t.Helper()
	_, request := pkitest.Request(t)
	channel := []byte("a connection")
	proof := nodeid.NodeProof(nodeid.TokenKey(secret), channel, node, request)
	_, err := s.Join(ctx, nodeid.TokenID(secret), proof, channel, &nodev1.EnrollRequest{Node: node, CertificateRequest: request})
	return err
}

func TestJoinTokens(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	nodes := admin.nodes

	made := ok(nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{Note: "rack 4"}))(t)
	token := made.GetJoinToken()
	if !strings.HasPrefix(made.GetSecret(), "tl-join-"+token.GetId()+"-") || token.GetState() != "usable" || token.GetNote() != "rack 4" ||
		token.GetMaxUses() != 1 || token.GetCreatedBy() != "user:"+adminUser || !token.GetExpireTime().AsTime().Equal(e.clock.Now().Add(time.Hour)) {
		t.Errorf("made %v", made)
	}
	two := ok(nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{Ttl: durationpb.New(2 * time.Hour), MaxUses: 2}))(t)
	if two.GetSecret() == made.GetSecret() || two.GetJoinToken().GetMaxUses() != 2 || !two.GetJoinToken().GetExpireTime().AsTime().Equal(e.clock.Now().Add(2*time.Hour)) {
		t.Errorf("made %v", two)
	}
	bound := ok(nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{Node: "n-1"}))(t)
	if bound.GetJoinToken().GetNode() != "n-1" {
		t.Errorf("made %v", bound)
	}
	ok(nodes.DeleteJoinToken(t.Context(), &adminv1.DeleteJoinTokenRequest{Id: bound.GetJoinToken().GetId()}))(t)
	ok(nodes.DeleteJoinToken(t.Context(), &adminv1.DeleteJoinTokenRequest{
		Id: ok(nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{Ttl: durationpb.New(24 * time.Hour), MaxUses: 1000}))(t).GetJoinToken().GetId(),
	}))(t)
	for field, bad := range map[string]*adminv1.CreateJoinTokenRequest{
		"ttl":      {Ttl: durationpb.New(24*time.Hour + 1)},
		"max_uses": {MaxUses: 1001},
		"node":     {Node: "a\nb"},
		"note":     {Note: "two\nlines"},
	} {
		_, err := nodes.CreateJoinToken(t.Context(), bad)
		if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], field+": ") {
			t.Errorf("violations %q, want one of %s", got, field)
		}
	}
	for _, bad := range []*adminv1.CreateJoinTokenRequest{{Ttl: durationpb.New(0)}, {Ttl: durationpb.New(-time.Hour)}, {MaxUses: -1}, {Note: strings.Repeat("n", 257)}} {
		if _, err := nodes.CreateJoinToken(t.Context(), bad); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", bad, err)
		}
	}

	if err := enroll(t.Context(), t, e.joins, "tokyo-1", made.GetSecret()); err != nil {
		t.Fatal(err)
	}
	if err := enroll(t.Context(), t, e.joins, "tokyo-2", two.GetSecret()); err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(2 * time.Hour)
	states := map[string]string{}
	list := ok(nodes.ListJoinTokens(t.Context(), &adminv1.ListJoinTokensRequest{}))(t).GetJoinTokens()
	for _, one := range list {
		states[one.GetId()] = one.GetState()
		if len(one.GetUses()) != 1 || !strings.HasPrefix(one.GetUses()[0].GetNode(), "tokyo-") {
			t.Errorf("uses of %v", one)
		}
	}
	if len(list) != 2 || states[token.GetId()] != "used" || states[two.GetJoinToken().GetId()] != "expired" {
		t.Errorf("tokens %v", list)
	}
	ok(nodes.DeleteJoinToken(t.Context(), &adminv1.DeleteJoinTokenRequest{Id: token.GetId()}))(t)
	for _, id := range []string{token.GetId(), "a\nb"} {
		if _, err := nodes.DeleteJoinToken(t.Context(), &adminv1.DeleteJoinTokenRequest{Id: id}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("deleted %q: %v", id, err)
		}
	}
	for _, secret := range []string{made.GetSecret(), two.GetSecret()} {
		if strings.Contains(e.logs.String(), secret) {
			t.Error("a join token is in the log")
		}
	}
}

func TestRevokeNode(t *testing.T) {
	t.Parallel()
	e := start(t)
	nodes := e.admin(t).nodes
	made := ok(nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{}))(t)
	if err := enroll(t.Context(), t, e.joins, "tokyo-1", made.GetSecret()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ok(nodes.RevokeNode(t.Context(), &adminv1.RevokeNodeRequest{Name: "tokyo-1"}))(t)
	}
	if id := e.joins.Identities()["tokyo-1"]; !id.Revoked() || id.RevokedBy != "user:"+adminUser {
		t.Errorf("identity %+v", id)
	}
	if _, err := nodes.RevokeNode(t.Context(), &adminv1.RevokeNodeRequest{Name: "nobody"}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("revoked nobody: %v", err)
	}
}

func TestNobodyJoinsTheAllInOne(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.Enrollment = nil })
	nodes := e.admin(t).nodes
	_, create := nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{})
	_, list := nodes.ListJoinTokens(t.Context(), &adminv1.ListJoinTokensRequest{})
	_, remove := nodes.DeleteJoinToken(t.Context(), &adminv1.DeleteJoinTokenRequest{Id: "x"})
	_, revoke := nodes.RevokeNode(t.Context(), &adminv1.RevokeNodeRequest{Name: "x"})
	for name, err := range map[string]error{"create": create, "list": list, "delete": remove, "revoke": revoke} {
		if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), "trunkline-controlplane") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

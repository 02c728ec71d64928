package adminapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Enrollment decides which nodes belong to the control plane.
type Enrollment interface {
	// CreateToken makes a token and returns its text.
	CreateToken(ctx context.Context, n enrollment.NewToken) (enrollment.JoinToken, string, error)
	// Tokens lists the tokens that are kept, newest first.
	Tokens(ctx context.Context) ([]enrollment.JoinToken, error)
	DeleteToken(ctx context.Context, id, by string) error
	// Revoke refuses a node's certificate and ends its streams.
	Revoke(ctx context.Context, node, by string) error
	// Identities are those of the nodes that have joined, by name. They must not be changed.
	Identities() map[string]enrollment.NodeIdentity
	// Orphans are nodes with a certificate of ours that the database does not know, and when they
	// were heard of last. The result is the caller's.
	Orphans() map[string]time.Time
}

// defaultTTL is how long a join token works of which nothing else is said.
const defaultTTL = time.Hour

// joins is what decides who belongs here; in the all-in-one nobody joins.
func (s nodeService) joins() (Enrollment, error) {
	if s.enrollment == nil {
		return nil, errs.Newf(errs.FailedPrecondition, "the all-in-one has its node in the same process, and no others can join: use trunkline-controlplane")
	}
	return s.enrollment, nil
}

// CreateJoinToken makes a token and shows it this one time.
func (s nodeService) CreateJoinToken(ctx context.Context, req *adminv1.CreateJoinTokenRequest) (*adminv1.CreateJoinTokenResponse, error) {
	joins, err := s.joins()
	if err != nil {
		return nil, err
	}
	if !plaintext.IsPlain(req.GetNote()) {
		return nil, errs.Invalid(errs.Violation{Field: "note", Description: plaintext.Rule})
	}
	if node := req.GetNode(); node != "" {
		if err := nodeid.CheckName(node); err != nil {
			return nil, errs.Invalid(errs.Violation{Field: "node", Description: err.Error()})
		}
	}
	ttl := defaultTTL
	if req.GetTtl() != nil {
		ttl = req.GetTtl().AsDuration()
	}
	token, secret, err := joins.CreateToken(ctx, enrollment.NewToken{
		By: caller(ctx).actor(), Note: req.GetNote(), TTL: ttl, Uses: max(int(req.GetMaxUses()), 1), Node: req.GetNode(),
	})
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateJoinTokenResponse{JoinToken: joinTokenView(token, s.now()), Secret: secret}, nil
}

// ListJoinTokens lists the tokens that are kept, newest first.
func (s nodeService) ListJoinTokens(ctx context.Context, _ *adminv1.ListJoinTokensRequest) (*adminv1.ListJoinTokensResponse, error) {
	joins, err := s.joins()
	if err != nil {
		return nil, err
	}
	tokens, err := joins.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListJoinTokensResponse{JoinTokens: make([]*adminv1.JoinToken, len(tokens))}
	for i, t := range tokens {
		res.JoinTokens[i] = joinTokenView(t, s.now())
	}
	return res, nil
}

// DeleteJoinToken ends a token.
func (s nodeService) DeleteJoinToken(ctx context.Context, req *adminv1.DeleteJoinTokenRequest) (*adminv1.DeleteJoinTokenResponse, error) {
	joins, err := s.joins()
	if err != nil {
		return nil, err
	}
	if !plaintext.IsPlain(req.GetId()) { // no such token was ever made
		return nil, errs.Newf(errs.NotFound, "join token %q does not exist", req.GetId())
	}
	if err := joins.DeleteToken(ctx, req.GetId(), caller(ctx).actor()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteJoinTokenResponse{}, nil
}

// RevokeNode cuts a node off.
func (s nodeService) RevokeNode(ctx context.Context, req *adminv1.RevokeNodeRequest) (*adminv1.RevokeNodeResponse, error) {
	joins, err := s.joins()
	if err != nil {
		return nil, err
	}
	if !plaintext.IsPlain(req.GetName()) { // no such node has ever joined
		return nil, errs.Newf(errs.NotFound, "no node %q has joined", req.GetName())
	}
	if err := joins.Revoke(ctx, req.GetName(), caller(ctx).actor()); err != nil {
		return nil, err
	}
	// Another replica may have its stream, and learn of the revocation only later.
	s.nodes.EndNode(ctx, req.GetName(), "the node was revoked")
	return &adminv1.RevokeNodeResponse{}, nil
}

// certify adds to nodes what their certificates say.
func (s nodeService) certify(nodes ...*adminv1.Node) {
	defer s.judge(nodes)
	if s.enrollment == nil {
		return
	}
	identities := s.enrollment.Identities()
	for _, n := range nodes {
		if id, ok := identities[n.GetName()]; ok {
			n.CertificateExpireTime, n.EnrollTime = timestamppb.New(id.ExpiresAt), timestamppb.New(id.JoinedAt)
			n.Revoked = id.Revoked()
		}
	}
}

// joinTokenView is a token as it stands now.
func joinTokenView(t enrollment.JoinToken, now time.Time) *adminv1.JoinToken {
	view := &adminv1.JoinToken{
		Id: t.ID, Note: t.Note, State: "usable", CreatedBy: t.CreatedBy, MaxUses: int32(t.MaxUses), Node: t.Node,
		CreateTime: timestamppb.New(t.CreatedAt), ExpireTime: timestamppb.New(t.ExpiresAt),
	}
	for _, use := range t.Uses {
		view.Uses = append(view.Uses, &adminv1.JoinTokenUse{Node: use.Node, JoinTime: timestamppb.New(use.At)})
	}
	switch {
	case len(t.Uses) >= t.MaxUses:
		view.State = "used"
	case !now.Before(t.ExpiresAt):
		view.State = "expired"
	}
	return view
}

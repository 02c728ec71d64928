package adminapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// tokenPrefix lets secret scanners recognise an admin token.
const tokenPrefix = "tlat_"

// newTokenSecret makes a token: the prefix and 52 base32 characters, 256 random bits at least.
func newTokenSecret() string { return tokenPrefix + rand.Text() + rand.Text() }

// looksLikeToken spares the database a look-up for what cannot be a token.
func looksLikeToken(s string) bool {
	return strings.HasPrefix(s, tokenPrefix) && len(s) == len(tokenPrefix)+52
}

// tokenService manages the bearer tokens of the CLI and of automation.
type tokenService struct {
	access access.Store
	now    func() time.Time
}

// ListTokens lists the caller's in name order, to owners everybody's.
func (s tokenService) ListTokens(ctx context.Context, _ *adminv1.ListTokensRequest) (*adminv1.ListTokensResponse, error) {
	id := caller(ctx)
	if id.belongsToNobody() {
		return &adminv1.ListTokensResponse{}, nil
	}
	tokens, err := s.access.ListTokens(ctx, id.scope())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(tokens, func(a, b access.Token) int { return strings.Compare(a.Name, b.Name) })
	res := &adminv1.ListTokensResponse{Tokens: make([]*adminv1.Token, len(tokens))}
	for i, t := range tokens {
		res.Tokens[i] = tokenView(t)
	}
	return res, nil
}

// CreateToken makes a token and shows its secret this one time. Nobody gives a token more
// than they may do themselves, nor for longer.
func (s tokenService) CreateToken(ctx context.Context, req *adminv1.CreateTokenRequest) (*adminv1.CreateTokenResponse, error) {
	who := caller(ctx)
	role := tokenRole(req.GetToken().GetRole(), who.Role)
	switch {
	case role > who.Role:
		return nil, errs.Newf(errs.PermissionDenied, "your role is %[1]s: a token that you create cannot have more than %[1]s", rolename.Name(who.Role))
	case req.GetToken().GetReadBodies() && !who.mayReadBodies():
		return nil, errs.Newf(errs.PermissionDenied, "this token cannot read the bodies of calls and so cannot create one that can: sign in")
	}
	now := s.now()
	token := access.Token{Name: req.GetToken().GetName(), Role: role, UserID: who.userID, CreatedAt: now, ExpiresAt: who.expires, ReadBodies: req.GetToken().GetReadBodies()}
	var violations []errs.Violation
	if !plaintext.IsPlain(token.Name) {
		violations = append(violations, errs.Violation{
			Field:       "token.name",
			Description: plaintext.Rule,
		})
	}
	if token.ReadBodies && role < adminv1.Role_ROLE_OPERATOR {
		violations = append(violations, errs.Violation{Field: "token.read_bodies", Description: "needs the operator role"})
	}
	if at := req.GetToken().GetExpireTime(); at != nil {
		token.ExpiresAt = at.AsTime()
		if at.CheckValid() != nil || !token.ExpiresAt.After(now) {
			violations = append(violations, errs.Violation{Field: "token.expire_time", Description: "must lie in the future"})
		} else if !who.expires.IsZero() && token.ExpiresAt.After(who.expires) {
			violations = append(violations, errs.Violation{Field: "token.expire_time", Description: "must not be after that of the token that creates it"})
		}
	}
	if len(violations) > 0 {
		return nil, errs.Invalid(violations...)
	}
	secret := newTokenSecret()
	token.Hash = sha256.Sum256([]byte(secret))
	token.LastFour = secret[len(secret)-4:]
	if err := s.access.CreateToken(ctx, token); err != nil {
		return nil, err
	}
	return &adminv1.CreateTokenResponse{Token: tokenView(token), Secret: secret}, nil
}

// DeleteToken deletes a token; it stops working at once.
func (s tokenService) DeleteToken(ctx context.Context, req *adminv1.DeleteTokenRequest) (*adminv1.DeleteTokenResponse, error) {
	if !plaintext.IsPlain(req.GetName()) { // no such token was ever created
		return nil, errs.Newf(errs.NotFound, "token %q does not exist", req.GetName())
	}
	id := caller(ctx)
	if id.belongsToNobody() {
		return nil, errs.Newf(errs.NotFound, "token %q does not exist", req.GetName())
	}
	if err := s.mayDelete(ctx, id, req.GetName()); err != nil {
		return nil, err
	}
	if err := s.access.DeleteToken(ctx, req.GetName(), id.scope()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteTokenResponse{}, nil
}

// mayDelete refuses a token that would end one of its user's that may do more.
func (s tokenService) mayDelete(ctx context.Context, id identity, name string) error {
	if !id.lesser {
		return nil
	}
	tokens, err := s.access.ListTokens(ctx, id.userID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Name == name && t.Role > id.Role {
			return errs.Newf(errs.PermissionDenied, "the token %q may do more than this one: sign in to delete it", name)
		}
	}
	return nil
}

// tokenRole is the role of a new token: the one that was asked for, else operator or the creator's own
// where that is less. More than that has to be asked for: a token is kept where others may find it.
func tokenRole(asked, creator adminv1.Role) adminv1.Role {
	if asked != adminv1.Role_ROLE_UNSPECIFIED {
		return asked
	}
	return min(creator, adminv1.Role_ROLE_OPERATOR)
}

func tokenView(t access.Token) *adminv1.Token {
	view := &adminv1.Token{Name: t.Name, User: t.User, LastFour: t.LastFour, Role: t.Role, CreateTime: timestamppb.New(t.CreatedAt), ReadBodies: t.ReadBodies}
	if !t.ExpiresAt.IsZero() {
		view.ExpireTime = timestamppb.New(t.ExpiresAt)
	}
	if !t.UsedAt.IsZero() {
		view.UseTime = timestamppb.New(t.UsedAt)
	}
	return view
}

package oidc

import (
	"context"
	"errors"
	"maps"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const verifiedClaim = "email_verified"

// claims are what the provider says about somebody. An ID token need not have what a scope asks for (OpenID Connect
// Core, 5.4), and those of many providers do not: what it lacks is asked for at the UserInfo endpoint.
func (p *Provider) claims(ctx context.Context, found *goidc.Provider, idToken *goidc.IDToken, token *oauth2.Token) (map[string]any, error) {
	if idToken.Subject == "" {
		return nil, p.refused(ctx, "the ID token has no subject", nil)
	}
	var all map[string]any
	if err := idToken.Claims(&all); err != nil {
		return nil, p.refused(ctx, "the claims of the ID token cannot be read", err)
	}
	has := func(name string) bool { _, ok := all[name]; return ok }
	named := has(p.cfg.UsernameClaim) && (p.cfg.UsernameClaim != emailClaim || has(verifiedClaim))
	if named && (has(p.cfg.RoleClaim) || !p.MapsRoles()) || found.UserInfoEndpoint() == "" {
		return all, nil
	}
	info, err := found.UserInfo(goidc.ClientContext(ctx, p.client), oauth2.StaticTokenSource(token))
	if err == nil && info.Subject != idToken.Subject {
		err = errors.New("it is about somebody else")
	}
	var more map[string]any
	if err == nil {
		err = info.Claims(&more)
	}
	if err != nil {
		return nil, p.refused(ctx, "the response of the UserInfo endpoint is not valid", err, token.AccessToken)
	}
	if !has(emailClaim) || !has(verifiedClaim) { // they belong together: one says something about the other
		delete(all, emailClaim)
		delete(all, verifiedClaim)
	}
	maps.Copy(more, all)
	return more, nil
}

// identity reads the claims that come with a token that is valid.
func (p *Provider) identity(ctx context.Context, token *goidc.IDToken, claims map[string]any, again bool) (Identity, error) {
	var own struct {
		AuthTime int64  `json:"auth_time"`
		Party    string `json:"azp"`
	}
	if err := token.Claims(&own); err != nil {
		return Identity{}, p.refused(ctx, "the claims of the ID token cannot be read", err)
	}
	name, _ := claims[p.cfg.UsernameClaim].(string)
	verified := claims[verifiedClaim]
	switch {
	case len(token.Audience) != 1 && own.Party != p.cfg.ClientID:
		return Identity{}, p.refused(ctx, "the ID token is for several audiences", nil)
	case again && p.cfg.Now().Sub(time.Unix(own.AuthTime, 0)) > freshness:
		return Identity{}, p.refused(ctx, "the identity provider did not ask again who it is", nil)
	case p.cfg.UsernameClaim == emailClaim && (name == "" || verified != true && verified != "true"): // Amazon Cognito says it as text
		return Identity{}, errs.Newf(errs.PermissionDenied, "the identity provider has not verified your e-mail address")
	case name == "" || len(name) > longestName:
		return Identity{}, errs.Newf(errs.PermissionDenied, "the identity provider gives no user name of 1 to %d bytes in the claim %s", longestName, p.cfg.UsernameClaim)
	case !plaintext.IsPlain(name):
		return Identity{}, errs.Newf(errs.PermissionDenied, "the user name in the claim %s %s", p.cfg.UsernameClaim, plaintext.Rule)
	}
	proved := p.cfg.Now()
	if at := time.Unix(own.AuthTime, 0); own.AuthTime != 0 && at.Before(proved) {
		proved = at
	}
	return Identity{Issuer: token.Issuer, Subject: token.Subject, Name: name, ProvedAt: proved, Role: p.role(claims[p.cfg.RoleClaim])}, nil
}

// role is the highest that any of the groups gives.
func (p *Provider) role(claim any) (highest adminv1.Role) {
	groups, _ := claim.([]any)
	if one, ok := claim.(string); ok {
		groups = []any{one}
	}
	highest = p.cfg.Roles["*"]
	for _, group := range groups {
		if name, ok := group.(string); ok && name != "*" {
			highest = max(highest, p.cfg.Roles[name])
		}
	}
	return highest
}

package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

// OIDCSettings are what flags and environment say about the identity provider.
type OIDCSettings struct {
	issuer, clientID, clientSecret, clientSecretFile, redirectURL, scopes, usernameClaim, roleClaim, roles string
	allowPrivate                                                                                           bool
	session                                                                                                time.Duration
}

func (s *OIDCSettings) register(set *settings.Set) {
	set.String(&s.issuer, "oidc-issuer", "TRUNKLINE_OIDC_ISSUER", "", "issuer URL of the identity provider (OpenID Connect) for signing in to the console, exactly as the provider states it; default: none")
	set.String(&s.clientID, "oidc-client-id", "TRUNKLINE_OIDC_CLIENT_ID", "", "client id of the console there")
	set.SecretFrom(&s.clientSecret, &s.clientSecretFile, "oidc-client-secret-file", "TRUNKLINE_OIDC_CLIENT_SECRET", "", "its secret; none for a public client. A file is read again at each sign-in")
	set.String(&s.redirectURL, "oidc-redirect-url", "TRUNKLINE_OIDC_REDIRECT_URL", "", "/login of the console as browsers reach it, such as https://console.example.com/login; the identity provider must allow it")
	set.String(&s.scopes, "oidc-scopes", "TRUNKLINE_OIDC_SCOPES", "openid email profile", "scopes to request, separated by spaces: openid, and those that provide --oidc-username-claim and --oidc-role-claim")
	set.String(&s.usernameClaim, "oidc-username-claim", "TRUNKLINE_OIDC_USERNAME_CLAIM", "email", "claim that names users, in the ID token or at the UserInfo endpoint: email, which must be verified, or another one, which is trusted as it is")
	set.String(&s.roleClaim, "oidc-role-claim", "TRUNKLINE_OIDC_ROLE_CLAIM", "groups", "claim that holds the groups of --oidc-roles, in the ID token or at the UserInfo endpoint")
	set.String(&s.roles, "oidc-roles", "TRUNKLINE_OIDC_ROLES", "", "roles of groups, such as admins=owner,developers=operator,*=viewer; * is everybody. Without it, only users created by an owner may sign in there")
	set.Duration(&s.session, "oidc-session", "TRUNKLINE_OIDC_SESSION", oidc.DefaultSession,
		"how long a session lasts at most that began at the identity provider; then it is asked again, and a role or an account that was taken away there counts here; 5m to 168h")
	set.Bool(&s.allowPrivate, "oidc-allow-private-network", "TRUNKLINE_OIDC_ALLOW_PRIVATE_NETWORK", false, "the identity provider may have a private or loopback address")
}

// Config is what they say together; nil when there is no identity provider.
func (s *OIDCSettings) Config() (*oidc.Config, error) {
	if s.issuer == "" {
		for _, part := range []struct{ flag, value string }{
			{"oidc-client-id", s.clientID}, {"oidc-client-secret-file", s.clientSecret}, {"oidc-redirect-url", s.redirectURL}, {"oidc-roles", s.roles},
		} {
			if part.value != "" {
				return nil, errs.Newf(errs.InvalidArgument, "--%s needs --oidc-issuer", part.flag)
			}
		}
		return nil, nil //nolint:nilnil // none is what most have
	}
	roles, err := oidc.ParseRoles(s.roles)
	if err != nil {
		return nil, fmt.Errorf("--oidc-roles: %w", err)
	}
	cfg := &oidc.Config{
		Issuer: s.issuer, ClientID: s.clientID, ClientSecret: settings.Latest(s.clientSecret, s.clientSecretFile, nil), RedirectURL: s.redirectURL,
		Scopes: strings.Fields(s.scopes), UsernameClaim: s.usernameClaim, RoleClaim: s.roleClaim, Roles: roles, AllowPrivateNetwork: s.allowPrivate, Session: s.session,
	}
	return cfg, cfg.Check()
}

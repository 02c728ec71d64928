package server

import (
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

// Settings are what flags and environment say about a control plane.
type Settings struct {
	AdminUsername  string
	AdminPassword  string
	RecentSignIn   time.Duration
	RequireTOTP    bool
	OIDC           OIDCSettings
	GatewayURL     string
	TrustForwarded bool
	H2C            bool
	// InstanceIdentity lets credentials be the identity of this machine.
	InstanceIdentity bool
	Apply            string
	ApplyMode        string
	PriceCatalogue   string
	DatabaseWait     time.Duration // 0: not at all
	// DatabaseWaitGiven says that somebody chose DatabaseWait, so that it holds for every fault.
	DatabaseWaitGiven bool
	NoMigrate         bool
	LostMasterKeys    string
}

// Register adds the settings that both the control plane and the all-in-one have.
func (s *Settings) Register(set *settings.Set) {
	set.String(&s.AdminUsername, "admin-username", "ADMIN_USERNAME", "admin", "user name of the console's account")
	set.Secret(&s.AdminPassword, "admin-password-file", "ADMIN_PASSWORD", DefaultAdminPassword,
		"its password; the default works on loopback only, and a password set in the console overrides it")
	set.Duration(&s.RecentSignIn, "recent-sign-in", "TRUNKLINE_RECENT_SIGN_IN", adminapi.DefaultRecentSignIn,
		"how recent a sign-in must be to change secrets, addresses of providers, users and tokens; otherwise the console asks for the password again; 1m to 168h")
	set.Bool(&s.RequireTOTP, "require-totp", "TRUNKLINE_REQUIRE_TOTP", false,
		"require a second factor (TOTP) of everybody who signs in to the console with a password; users without one set it up at the next sign-in, before anything else")
	s.OIDC.register(set)
	set.String(&s.GatewayURL, "gateway-url", "TRUNKLINE_GATEWAY_URL", "", "where clients send /v1 requests, for the console's examples and playground; default: the console's own address")
	set.Bool(&s.TrustForwarded, "trust-forwarded-headers", "TRUNKLINE_TRUST_FORWARDED_HEADERS", false,
		"trust X-Forwarded-For and X-Forwarded-Proto; only behind a proxy that sets them")
	set.Bool(&s.InstanceIdentity, cloudauth.Flag, cloudauth.Variable, false, cloudauth.FlagHelp)
	set.Bool(&s.H2C, "h2c", "TRUNKLINE_H2C", false,
		"speak HTTP/2 without TLS on the console's port too, for gRPC clients of the admin API")
	set.String(&s.Apply, "apply", "TRUNKLINE_APPLY", "", "declarative YAML file to apply at startup; ${NAME} comes from the environment. If it is refused, this is logged and shown, and the stored configuration is served")
	set.String(&s.ApplyMode, "apply-mode", "TRUNKLINE_APPLY_MODE", ApplyCreate,
		"what --apply does: create adds missing documents and leaves those that were changed or deleted since alone; replace sets every document to what the file says, which undoes rotations and changes made in the console; prune also deletes documents that the file does not contain")
	set.Duration(&s.DatabaseWait, "database-wait", "TRUNKLINE_DATABASE_WAIT", defaultWait,
		"how long to wait at startup for a database that does not answer, or that is not migrated yet; 0s: not at all. Unless this is set, it is 15s if the database is on this machine and its port refuses connections")
	set.Given(&s.DatabaseWaitGiven, "database-wait")
	set.Bool(&s.NoMigrate, "no-migrate", "TRUNKLINE_NO_MIGRATE", false,
		"do not migrate the database, and wait for `trunkline-controlplane migrate` if its schema is not up to date; default: migrate at startup")
	set.String(&s.PriceCatalogue, "price-catalogue", "TRUNKLINE_PRICE_CATALOGUE", "",
		"YAML or JSON file with prices for imported models: our format, LiteLLM's model_prices_and_context_window.json or the api.json of models.dev; reloaded when it changes")
	set.String(&s.LostMasterKeys, "lost-master-keys", "TRUNKLINE_LOST_MASTER_KEYS", "",
		"ids of master keys that are gone for good, with commas between them: what is sealed under them is given up, so that the control plane starts without them (see docs/keys.md)")
}

// Lost are the ids of the master keys that are lost.
func (s *Settings) Lost() []string {
	return strings.FieldsFunc(s.LostMasterKeys, func(r rune) bool { return r == ',' || r == ' ' })
}

// Wait is how long the database is waited for.
func (s *Settings) Wait() DatabaseWait {
	if s.DatabaseWaitGiven {
		return DatabaseWait{Limit: s.DatabaseWait, Refused: s.DatabaseWait}
	}
	return DatabaseWait{Limit: s.DatabaseWait, Refused: localWait}
}

// Check refuses values that do not exist. A mode that is not given is the default one.
func (s *Settings) Check() error {
	if s.ApplyMode == "" {
		s.ApplyMode = ApplyCreate
	}
	if !slices.Contains(applyModes, s.ApplyMode) {
		return errs.Newf(errs.InvalidArgument, "--apply-mode is %q, want one of %s", s.ApplyMode, strings.Join(applyModes, ", "))
	}
	if s.RecentSignIn != 0 && (s.RecentSignIn < time.Minute || s.RecentSignIn > 7*24*time.Hour) {
		return errs.Newf(errs.InvalidArgument, "--recent-sign-in is %s, want 1m to 168h", s.RecentSignIn)
	}
	return nil
}

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
		"its password; the default works on loopback only, and one that is set in the console takes its place")
	set.Duration(&s.RecentSignIn, "recent-sign-in", "TRUNKLINE_RECENT_SIGN_IN", adminapi.DefaultRecentSignIn,
		"for how long a sign-in is enough to change secrets, addresses of providers, users and tokens; after it the console asks for the password again; 1m to 168h")
	set.Bool(&s.RequireTOTP, "require-totp", "TRUNKLINE_REQUIRE_TOTP", false,
		"whoever signs in to the console with a password needs a second factor (TOTP): who has none sets it up at the next sign-in, before anything else")
	s.OIDC.register(set)
	set.String(&s.GatewayURL, "gateway-url", "TRUNKLINE_GATEWAY_URL", "", "where clients send /v1 requests, for the console's examples and playground; default: the console's own address")
	set.Bool(&s.TrustForwarded, "trust-forwarded-headers", "TRUNKLINE_TRUST_FORWARDED_HEADERS", false,
		"believe X-Forwarded-For and X-Forwarded-Proto; only behind a proxy that sets them")
	set.Bool(&s.InstanceIdentity, cloudauth.Flag, cloudauth.Variable, false, cloudauth.FlagHelp)
	set.Bool(&s.H2C, "h2c", "TRUNKLINE_H2C", false,
		"speak HTTP/2 without TLS on the console's port too, for gRPC clients of the admin API")
	set.String(&s.Apply, "apply", "TRUNKLINE_APPLY", "", "declarative YAML file to apply at start; ${NAME} comes from the environment. One that is refused is logged and shown, and the stored configuration serves")
	set.String(&s.ApplyMode, "apply-mode", "TRUNKLINE_APPLY_MODE", ApplyCreate,
		"what --apply does: create makes what is not there and leaves what was changed or deleted since; replace makes every document as the file says, which undoes rotations and changes in the console; prune also deletes what the file does not name")
	set.Duration(&s.DatabaseWait, "database-wait", "TRUNKLINE_DATABASE_WAIT", defaultWait,
		"how long to wait at start for a database that does not answer, or that somebody else has yet to migrate; 0s: not at all. Unless this is set, one on this machine whose port refuses is waited for 15s")
	set.Given(&s.DatabaseWaitGiven, "database-wait")
	set.Bool(&s.NoMigrate, "no-migrate", "TRUNKLINE_NO_MIGRATE", false,
		"leave the database's schema as it is, and wait for `trunkline-controlplane migrate` where it is not up to date; default: bring it up to date at start")
	set.String(&s.PriceCatalogue, "price-catalogue", "TRUNKLINE_PRICE_CATALOGUE", "",
		"YAML or JSON file that imports of models take prices from: ours, LiteLLM's model_prices_and_context_window.json or the api.json of models.dev; read again when it changes")
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

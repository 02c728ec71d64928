package adminapi

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"connectrpc.com/grpcreflect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Largest request messages, after decompression.
const (
	maxRequestBytes = 8 << 20
	maxApplyBytes   = 64 << 20 // Apply and Diff carry whole configurations
	maxLoginBytes   = 4 << 10  // strangers may send it
)

// Live is the present configuration.
type Live interface {
	Current() *controlplane.Config
	// Adopt puts the database in the place of others that nodes follow.
	Adopt(ctx context.Context, actor string, others []string) (*controlplane.Config, error)
}

// Editor changes the configuration.
type Editor interface {
	// Create stores a new document. generatedKey is the secret of an API key that came without one.
	Create(ctx context.Context, actor string, doc proto.Message) (res *controlplane.Resource, generatedKey string, err error)
	Update(ctx context.Context, actor string, doc proto.Message) (*controlplane.Resource, error)
	// Patch replaces the document that doc names by what merge makes of it.
	Patch(ctx context.Context, actor string, doc proto.Message, merge func(present proto.Message) error) (*controlplane.Resource, error)
	Delete(ctx context.Context, actor string, kind controlplane.Kind, name, etag string) error
	Apply(ctx context.Context, actor string, docs []proto.Message, o config.ApplyOptions) (*config.ApplyResult, error)
	Diff(docs []proto.Message, o config.ApplyOptions) (*config.ApplyResult, error)
	// Export returns every document as callers may see it.
	Export() (controlplane.Revision, []proto.Message)
	// RevokeKey revokes an API key permanently; RotateKey gives it a new secret.
	RevokeKey(ctx context.Context, actor, name string, cut bool) (*controlplane.Resource, error)
	RotateKey(ctx context.Context, actor, name string, overlap time.Duration) (res *controlplane.Resource, secret string, err error)
}

// History is what the configuration was.
type History interface {
	Revisions(ctx context.Context, before controlplane.Revision, limit int) ([]controlplane.RevisionSummary, error)
	Revision(ctx context.Context, revision controlplane.Revision) (*controlplane.RevisionSummary, []config.ResourceChange, error)
	DiffRevisions(ctx context.Context, from, to controlplane.Revision) (until controlplane.Revision, changes []config.ResourceChange, err error)
	Rollback(ctx context.Context, actor string, to controlplane.Revision, dryRun bool) (*config.RollbackResult, error)
}

// Calls is what the API reads of the call log.
type Calls interface {
	ListCalls(ctx context.Context, f calllog.Filter) ([]calllog.Call, error)
	// SearchCalls is ListCalls that looks at calls for about so long, and tells down to which time it has looked at all;
	// zero: at all that there are.
	SearchCalls(ctx context.Context, f calllog.Filter, within time.Duration) (found []calllog.Call, back time.Time, err error)
	GetCall(ctx context.Context, id string) (calllog.Call, error)
	// RecentCalls returns calls in the order in which they were stored, at since or later:
	// at most limit, the latest, and how many came before those.
	RecentCalls(ctx context.Context, f calllog.Filter, since time.Time, limit int) (calls []calllog.Call, skipped int, err error)
}

// Gaps is what there is instead of calls.
type Gaps interface {
	ListGaps(ctx context.Context, f calllog.GapFilter) ([]calllog.Gap, error)
	ListRefused(ctx context.Context, after calllog.Position, limit int) ([]calllog.Refused, error)
}

// Nodes knows the data-plane nodes of every control-plane replica and how they stand.
type Nodes interface {
	// Nodes lists them in name order. The list is the caller's; the nodes in it are shared and must not be changed.
	Nodes() []*adminv1.Node
	// Node returns one, which is the caller's; errs.NotFound when nobody knows it.
	Node(name string) (*adminv1.Node, error)
	// Incomplete says why some may be missing or shown as they were; empty when none are.
	Incomplete() string
	// DrainNode orders that a node gets no new clients as long as it runs, or undoes that,
	// and returns it as it stands. Unknown nodes are errs.NotFound.
	DrainNode(ctx context.Context, name string, drain bool) (*adminv1.Node, error)
	// EndNode ends a node's stream, wherever it is; false when it has none.
	EndNode(ctx context.Context, name, reason string) bool
	// ForgetNode stops listing a node; errs.FailedPrecondition while it is connected.
	ForgetNode(ctx context.Context, name string) error
	// Subscribe gives a channel that gets a value after changes of what Nodes says, and a
	// function that ends the subscription.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// Config is what the API works with. Everything is required unless it says otherwise.
type Config struct {
	Live    Live
	Editor  Editor
	History History
	Calls   Calls
	Gaps    Gaps
	Bodies  Bodies
	Usage   Usage
	Access  access.Store
	Audit   *audit.Recorder
	Nodes   Nodes
	// Enrollment decides which nodes belong here; nil: the one in the same process.
	Enrollment Enrollment
	// Authority is the authority of nodes; nil: there is none.
	Authority Authority
	// MasterKeys are the keys that secrets are sealed under.
	MasterKeys MasterKeys
	// Rollouts decide how changes reach the nodes; nil: they reach all of them at once.
	Rollouts Rollouts
	// Cooldowns ends cooldowns on the nodes.
	Cooldowns Cooldowns
	// Importer imports models of providers, and tests providers.
	Importer Importer
	// Alerts tells people what happens.
	Alerts Alerts

	// Sealer seals the keys of second factors.
	Sealer controlplane.Sealer
	// AdminUsername and AdminPassword are the configured user of the console, whom New makes the first owner.
	// It keeps a slow hash of the password only; sessions end when either of them changes.
	AdminUsername string
	AdminPassword string
	// DefaultPassword says that AdminPassword is the well-known one of a first run: one that is
	// set with ChangePassword takes its place. Until then the API answers only under a host
	// name that no web page can point at this machine.
	DefaultPassword bool
	// PasswordSet says that one has been set already: the default one works no more, even when
	// the database forgets it.
	PasswordSet bool

	// OIDC is the identity provider that people may sign in at; its Key, Logger and Now are set here. Optional.
	OIDC *oidc.Config

	// RecentSignIn is for how long a sign-in, or a password confirmed since, is enough for secrets, users
	// and tokens; default DefaultRecentSignIn.
	RecentSignIn time.Duration

	// RequireTOTP lets who signs in with a password do nothing until they have a second factor.
	RequireTOTP bool

	// StartupApply tells what became of the file that was to be applied at start; default: there was none.
	StartupApply func() *adminv1.StartupApply

	GatewayURL string // where clients send /v1 requests; shown by WhoAmI; optional
	Version    string // of the control plane; shown by WhoAmI; optional

	// TrustForwardedHeaders takes the client's address from the last X-Forwarded-For and
	// https from X-Forwarded-Proto. Set it only behind a proxy that overwrites them;
	// default false.
	TrustForwardedHeaders bool

	// Telemetry gets a span of each request whose caller is known; nil: off.
	Telemetry *telemetry.Telemetry

	// Observer learns how requests and sign-ins end; default: nobody does.
	Observer Observer

	Logger *slog.Logger
	Now    func() time.Time // default time.Now

	hashMemory uint32 // of one hash of a password, in KiB; default argonMemory
}

// Validate reports what is missing.
func (c Config) Validate() error {
	switch {
	case c.Live == nil:
		return errors.New("admin API: Live is missing")
	case c.Editor == nil || c.History == nil:
		return errors.New("admin API: Editor or History is missing")
	case c.Calls == nil:
		return errors.New("admin API: Calls is missing")
	case c.Bodies.Store == nil || c.Bodies.Sealer == nil:
		return errors.New("admin API: Bodies is missing")
	case c.Usage == nil:
		return errors.New("admin API: Usage is missing")
	case c.Sealer == nil:
		return errors.New("admin API: Sealer is missing")
	case c.Access == nil:
		return errors.New("admin API: Access is missing")
	case c.Audit == nil:
		return errors.New("admin API: Audit is missing")
	case c.Nodes == nil:
		return errors.New("admin API: Nodes is missing")
	case c.MasterKeys == nil:
		return errors.New("admin API: MasterKeys is missing")
	case c.Cooldowns == nil:
		return errors.New("admin API: Cooldowns is missing")
	case c.Importer == nil:
		return errors.New("admin API: Importer is missing")
	case c.Alerts == nil:
		return errors.New("admin API: Alerts is missing")
	case c.AdminUsername == "" || c.AdminPassword == "":
		return errors.New("admin API: the admin's user name or password is empty")
	case c.Logger == nil:
		return errors.New("admin API: Logger is missing")
	}
	return nil
}

// API is the admin API. It is safe for concurrent use and owns no goroutine.
type API struct {
	server *connect.Server
	guard  *guard
	door   *loginDoor
	ended  chan struct{}
	end    func() // closes ended
}

// New builds the API, and makes the configured user an owner if there is none of the name.
func New(ctx context.Context, cfg Config) (*API, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	if cfg.RecentSignIn == 0 {
		cfg.RecentSignIn = DefaultRecentSignIn
	}
	if cfg.StartupApply == nil {
		cfg.StartupApply = func() *adminv1.StartupApply {
			return &adminv1.StartupApply{State: adminv1.StartupApplyState_STARTUP_APPLY_STATE_NONE}
		}
	}
	now := func() time.Time { return cfg.Now().UTC().Truncate(time.Microsecond) } // as databases keep it
	peers := peers{trustForwarded: cfg.TrustForwardedHeaders}
	if err := cfg.Access.EnsureOwner(ctx, cfg.AdminUsername, now()); err != nil {
		return nil, err
	}
	passwords := newPasswords(cfg.AdminUsername, cfg.AdminPassword, cmp.Or(cfg.hashMemory, argonMemory))
	accounts := &accounts{configured: cfg.AdminUsername, passwords: passwords, store: cfg.Access, now: now}
	if cfg.DefaultPassword {
		accounts.defaultPassword = cfg.AdminPassword
		accounts.replaced.Store(cfg.PasswordSet)
	}
	cookies := cookies{peers}
	sessions := &sessions{
		access: cfg.Access, accounts: accounts, requireTOTP: cfg.RequireTOTP, key: passwords.sessionKey, cookies: cookies, now: now, log: cfg.Logger,
	}
	devices := &devices{signed: access.Devices{Key: passwords.sessionKey}, cookies: cookies, now: now}
	throttle := access.NewThrottle(cfg.Access, passwords.sessionKey, cfg.Logger, now)
	auth := &authenticator{sessions: sessions, access: cfg.Access, peers: peers, audit: cfg.Audit, recent: cfg.RecentSignIn, log: cfg.Logger, now: now}
	rules, err := newRequestRules()
	if err != nil {
		return nil, err
	}

	var provider *oidc.Provider
	if cfg.OIDC != nil {
		own := *cfg.OIDC
		own.Key, own.Logger, own.Now = passwords.sessionKey(), cfg.Logger, now
		if provider, err = oidc.New(own); err != nil {
			return nil, err
		}
	}
	ended := make(chan struct{})
	server := connect.NewServer(
		newObservation(cfg.Observer, time.Now).intercept,
		(&auditor{recorder: cfg.Audit, peers: peers}).intercept,
		(&errorMapper{log: cfg.Logger}).intercept,
		auth.intercept,
		(&tracing{cfg.Telemetry.Tracer("github.com/trunkline-ai/trunkline/controlplane"), cfg.Telemetry.Propagates()}).intercept,
		rules.intercept,
	)
	names := filterNames{cfg.Live, cfg.Nodes, cfg.Calls, cfg.Usage, now}
	documents := documents{cfg.Live, cfg.Editor, rules}
	adminv1connect.RegisterProviderServiceHandler(server, providerService{documents: documents, log: cfg.Logger, importer: cfg.Importer, nodes: cfg.Nodes, cooldowns: cfg.Cooldowns, names: names})
	adminv1connect.RegisterGroupServiceHandler(server, groupService{documents, cfg.Nodes, names})
	adminv1connect.RegisterKeyServiceHandler(server, keyService{documents: documents, nodes: cfg.Nodes, usage: cfg.Usage, names: names, log: cfg.Logger, now: now})
	adminv1connect.RegisterClientSetupServiceHandler(server, clientSetupService{live: cfg.Live, nodes: cfg.Nodes, now: now})
	adminv1connect.RegisterKeywordServiceHandler(server, keywordService{documents, cfg.Calls})
	adminv1connect.RegisterAlertChannelServiceHandler(server, alertChannelService{documents, cfg.Alerts, names})
	adminv1connect.RegisterAlertServiceHandler(server, alertService{cfg.Alerts})
	adminv1connect.RegisterSettingsServiceHandler(server, settingsService{documents: documents, catalogue: cfg.Importer.Catalogue})
	adminv1connect.RegisterConfigServiceHandler(server, configService{documents: documents, history: cfg.History, nodes: cfg.Nodes, startup: cfg.StartupApply})
	adminv1connect.RegisterCallServiceHandler(server, callService{
		calls: cfg.Calls, names: names, gaps: cfg.Gaps, bodies: cfg.Bodies, log: cfg.Logger, now: now, ended: ended,
		tails: make(chan struct{}, maxTails), exports: make(chan struct{}, maxExports),
	})
	adminv1connect.RegisterUsageServiceHandler(server, usageService{cfg.Usage, names, now})
	adminv1connect.RegisterNodeServiceHandler(server, nodeService{nodes: cfg.Nodes, live: cfg.Live, enrollment: cfg.Enrollment, now: now})
	adminv1connect.RegisterAuthorityKeyServiceHandler(server, authorityKeyService{cfg.Authority})
	adminv1connect.RegisterMasterKeyServiceHandler(server, masterKeyService{keys: cfg.MasterKeys, live: cfg.Live})
	adminv1connect.RegisterRolloutServiceHandler(server, rolloutService{cfg.Rollouts})
	adminv1connect.RegisterAuditServiceHandler(server, newAuditService(cfg.Audit.Store()))
	adminv1connect.RegisterTokenServiceHandler(server, tokenService{cfg.Access, now})
	adminv1connect.RegisterUserServiceHandler(server, userService{access: cfg.Access, accounts: accounts, rules: rules, now: now})
	adminv1connect.RegisterSessionServiceHandler(server, &sessionService{
		sessions: sessions,
		tokens:   cfg.Access,
		accounts: accounts,
		idp:      provider,
		cookies:  cookies,
		factor:   &secondFactor{store: cfg.Access, sealer: cfg.Sealer, now: now},
		throttle: throttle,
		devices:  devices,
		peers:    peers,
		audit:    cfg.Audit,
		about: &adminv1.WhoAmIResponse{
			GatewayUrl: cfg.GatewayURL, Version: cfg.Version,
		},
		observer: cfg.Observer,
		log:      cfg.Logger,
	})
	grpcreflect.Register(server)
	guard := newGuard(accounts.mayBeNamed)
	door := &loginDoor{throttle: throttle, devices: devices, peers: peers, errors: guard.errors, observer: cfg.Observer, audit: cfg.Audit}
	return &API{server: server, guard: guard, door: door, ended: ended, end: sync.OnceFunc(func() { close(ended) })}, nil
}

// EndStreams ends the streams that would never end by themselves. Call it when the server
// begins to drain.
func (a *API) EndStreams() { a.end() }

// Handler serves the API, and other at whatever is none of its paths. gRPC clients need a server that speaks HTTP/2.
func (a *API) Handler(other http.Handler) http.Handler {
	routes := map[string]http.Handler{} // by path, as it is written: redirects are of no use to clients of RPCs
	connecthttp.Mount(guarded{routes, a.guard, a.door}, a.server,
		connecthttp.WithCodecs(connectproto.NewBinaryCodec(), strictJSON()),
		connecthttp.WithReadMaxBytes(maxRequestBytes),
		connecthttp.WithConditionalOptions(func(spec connect.Spec) []connecthttp.Option {
			switch spec.Procedure {
			case adminv1connect.SessionServiceLoginProcedure, adminv1connect.SessionServiceBeginOidcProcedure, adminv1connect.SessionServiceFinishOidcProcedure:
				return []connecthttp.Option{connecthttp.WithReadMaxBytes(maxLoginBytes)}
			case adminv1connect.ConfigServiceApplyConfigProcedure, adminv1connect.ConfigServiceDiffConfigProcedure:
				return []connecthttp.Option{connecthttp.WithReadMaxBytes(maxApplyBytes)}
			}
			return nil
		}),
	)
	unknown := a.guard.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.guard.fail(w, r, connect.NewError(connect.CodeUnimplemented, "unknown method "+strings.TrimPrefix(r.URL.Path, "/")))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, known := routes[r.URL.Path]
		switch {
		case known:
			route.ServeHTTP(w, r)
		case isProcedure(r.URL.Path):
			unknown.ServeHTTP(w, r)
		default:
			other.ServeHTTP(w, r)
		}
	})
}

// isProcedure recognises paths of RPCs, whether or not there are such: their first part is a service, with its package.
func isProcedure(path string) bool {
	service, _, isMethod := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return isMethod && strings.Contains(service, ".")
}

// strictJSON refuses unknown fields: a limit with a typo in its name must not be lost silently.
func strictJSON() *connectproto.JSONCodec {
	codec := connectproto.NewJSONCodec()
	codec.UnmarshalOptions.DiscardUnknown = false
	return codec
}

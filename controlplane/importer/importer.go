package importer

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Live is the present configuration and how to change it.
type Live interface {
	Current() *controlplane.Config
	Transaction(ctx context.Context, actor string, decide func(*controlplane.Config) ([]controlplane.Op, error)) (*controlplane.Config, error)
}

// Opener opens the secrets of providers, so that they can be called.
type Opener interface {
	Upstream(name string) (*controlplane.Upstream, error)
	DraftUpstream(doc *adminv1.Provider) (*controlplane.Upstream, error)
}

// Lock keeps scheduled imports from running on two replicas at once.
type Lock interface {
	// Exclusive runs do unless another replica runs the job of that name, and reports whether
	// it ran.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// Remote talks to providers.
type Remote interface {
	Models(ctx context.Context, t remote.Target, progress func(listed int)) ([]remote.Model, error)
	Test(ctx context.Context, t remote.Target, chatWith string, emit func(remote.Step) error) error
}

// Config is what an Importer works with. Everything is required unless it says otherwise.
type Config struct {
	Live      Live
	Opener    Opener
	Store     Store
	Lock      Lock
	Remote    Remote
	Catalogue *Catalogue       // optional: what models cost
	Now       func() time.Time // default time.Now
	Logger    *slog.Logger
}

// Validate reports what is missing.
func (c Config) Validate() error {
	switch {
	case c.Live == nil:
		return errors.New("importer: Live is missing")
	case c.Opener == nil:
		return errors.New("importer: Opener is missing")
	case c.Store == nil:
		return errors.New("importer: Store is missing")
	case c.Lock == nil:
		return errors.New("importer: Lock is missing")
	case c.Remote == nil:
		return errors.New("importer: Remote is missing")
	case c.Logger == nil:
		return errors.New("importer: Logger is missing")
	}
	return nil
}

// Importer imports models of providers. It is safe for concurrent use.
type Importer struct {
	cfg Config

	succeeded, failed atomic.Uint64 // imports of this replica
	failing           atomic.Int64  // providers whose last scheduled import failed
}

// New makes an Importer.
func New(cfg Config) (*Importer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Importer{cfg: cfg}, nil
}

// Stats are counts for metrics.
type Stats struct {
	Succeeded, Failed uint64 // imports of providers that this replica made
	Failing           int64  // providers whose last scheduled import failed, as of this replica's last round
}

// Stats gives the counts.
func (i *Importer) Stats() Stats {
	return Stats{Succeeded: i.succeeded.Load(), Failed: i.failed.Load(), Failing: i.failing.Load()}
}

// now is the present time as databases keep it.
func (i *Importer) now() time.Time { return i.cfg.Now().UTC().Truncate(time.Microsecond) }

func newID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without random numbers

// target is how a provider is called with one of its credentials, whose name comes too.
func target(u *controlplane.Upstream, credential string) (remote.Target, string, error) {
	cred, secret, err := u.Credential(credential)
	if err != nil {
		return remote.Target{}, "", err
	}
	p := u.Provider
	to := remote.Target{
		BaseURL: p.GetBaseUrl(), Dialect: p.GetDialect(), Endpoints: controlplane.Endpoints(p), Headers: u.Headers(), SecretQuery: u.SecretQuery(),
		Secret: secret, AllowPrivateNetwork: p.GetAllowPrivateNetwork(), Outbound: u.Outbound(),
	}
	if spec, minted := controlplane.MintedSpec(cred, secret); minted {
		to.Secret, to.Minted = "", &spec
	}
	return to, cred.GetName(), nil
}

// shown turns what went wrong with a provider into an error that names it.
func shown(provider string, err error) error {
	fault, ok := remote.FaultOf(err)
	if !ok {
		return err
	}
	code := errs.FailedPrecondition
	if fault.Temporary() {
		code = errs.Unavailable
	}
	return errs.Newf(code, "provider %q: %s", provider, fault)
}

// reason is what went wrong in words that can be stored and shown.
func reason(err error) string {
	if fault, ok := remote.FaultOf(err); ok {
		return fault.Error()
	}
	if ours, ok := errors.AsType[*errs.Error](err); ok && ours.Code != errs.Internal {
		text := ours.Message
		for n, v := range ours.Violations {
			if n == 5 {
				text += "; and more"
				break
			}
			text += "; " + v.Field + " " + v.Description
		}
		return text
	}
	return "internal error; the log of the control plane says more"
}

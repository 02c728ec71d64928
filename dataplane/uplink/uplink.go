// Package uplink is a node's only connection to the control plane. It connects, proves who
// the node is, and runs the two streams of the link: syncing keeps the snapshot up to date,
// shipping brings the call records home. Whatever happens to the link, the node keeps serving
// what it has: nothing here is ever waited for by a request.
package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// Config is what an Uplink needs.
type Config struct {
	// Target names the control plane as gRPC does: "cp.internal:8002",
	// "passthrough:///memory" with a dialer of DialOptions; or several such names, separated
	// by commas. Of a name's addresses one is taken at random. Required.
	Target string
	// DialOptions are added to ours.
	DialOptions []grpc.DialOption
	// Identity is who the node is. Required, unless InMemory.
	Identity *identity.Identity
	// InMemory says that the control plane is in this process, where DialOptions reach it:
	// the link needs neither TLS nor an identity.
	InMemory bool
	Node     string           // required; stable over restarts, 1 to 128 bytes
	Logger   *slog.Logger     // required
	Now      func() time.Time // default time.Now

	AnswerTimeout time.Duration // longest wait for the control plane's answer; default 30s
	MinBackoff    time.Duration // bound of the first wait before a new try, which is a random part of it; default 5s
	MaxBackoff    time.Duration // bound of every wait before a new try; default 10s
	// RenewCheck is how often the node looks whether its certificate is due; default 1m.
	RenewCheck time.Duration

	// Sync and Shipping are about the two streams. What they share with this Config, and
	// Sync.Records, Sync.Renew and Sync.Authorities, is filled in by New.
	Sync     syncing.Config
	Shipping shipping.Config
}

func (c *Config) complete() error {
	if strings.Trim(c.Target, ", ") == "" || c.Node == "" || c.Logger == nil {
		return errors.New("uplink: Target, Node and Logger are required")
	}
	if (c.Identity == nil) != c.InMemory {
		return errors.New("uplink: an Identity is required, except for a link in memory")
	}
	if err := nodeid.CheckName(c.Node); err != nil {
		return fmt.Errorf("uplink: %q: %w", c.Node, err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 30*time.Second)
	c.MinBackoff = cmp.Or(c.MinBackoff, 5*time.Second)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 10*time.Second)
	c.RenewCheck = cmp.Or(c.RenewCheck, time.Minute)
	c.Sync.Node, c.Sync.Logger, c.Sync.Now, c.Sync.AnswerTimeout = c.Node, c.Logger, c.Now, c.AnswerTimeout
	c.Shipping.Node, c.Shipping.Logger, c.Shipping.Now, c.Shipping.AnswerTimeout = c.Node, c.Logger, c.Now, c.AnswerTimeout
	c.Shipping.MinBackoff, c.Shipping.MaxBackoff = c.MinBackoff, c.MaxBackoff
	return nil
}

// Uplink is one node's link. It is safe for concurrent use.
type Uplink struct {
	*syncing.Syncer
	*shipping.Shipper

	cfg       Config
	addresses *addresses // of the linking goroutine alone
	log       *slog.Logger
}

// New returns a link that takes calls but talks to nobody until Run.
func New(cfg Config) (*Uplink, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	u := &Uplink{cfg: cfg, addresses: parseAddresses(cfg.Target), log: cfg.Logger}
	var err error
	if u.Shipper, err = shipping.New(cfg.Shipping); err != nil {
		return nil, err
	}
	cfg.Sync.Records = u.records
	cfg.Sync.Authorities = u.Authorities
	if cfg.Identity != nil {
		cfg.Sync.Renew = cfg.Identity.RenewNow
	}
	if u.Syncer, err = syncing.New(cfg.Sync); err != nil {
		return nil, err
	}
	return u, nil
}

// records is what a status says of call records.
func (u *Uplink) records() syncing.Records {
	count, disk := u.Counters(), u.Spool()
	return syncing.Records{
		Waiting: int64(count.Waiting), Dropped: int64(count.Dropped), Summed: int64(count.Summed), Gaps: int64(count.Gaps),
		SpoolBytes: disk.Bytes, SpoolTrouble: disk.Trouble,
	}
}

// Run keeps the link up until ctx ends; it must be called once. Losing the control plane
// is no error: Run keeps looking for it. Call Flush before ending ctx: what waits
// in memory then is summed up, if the sums have a file, or lost. What is in the spool stays.
func (u *Uplink) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	if u.LoadLastGood() {
		wg.Go(func() { u.AwaitNewer(ctx) })
	}
	wg.Go(func() { u.Collect(ctx) })
	wg.Go(func() { u.KeepCompact(ctx) })
	wg.Go(func() { u.keepLinked(ctx) })
	wg.Wait()
	u.Finish()
	return nil
}

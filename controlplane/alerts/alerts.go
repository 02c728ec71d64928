// Package alerts tells people when something happens that they should know of, and when it is
// over: once for all control-plane replicas, of which one leads.
//
// The leader's detectors look at what the control plane knows; a state machine holds that
// against the alerts in the database and writes what opened, got worse or is over together
// with a notice for each channel that wants to know, in one transaction: a leader that dies
// neither loses nor repeats one. What waits for a channel becomes one message when its digest
// is over. A message has an id, is claimed in the database before it is sent, and is sent
// again with that id when nobody knows how it went. There is one message under way to a
// channel at a time, and none holds up another channel.
package alerts

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// defaultInterval is between two rounds of the leader, and between two tries to become it.
	defaultInterval = 2 * time.Second
	// expireEvery is how often what is old is forgotten.
	expireEvery = 10 * time.Minute
	// leadJob is the name under which one replica leads.
	leadJob = "alerts"
)

// Opener opens the secrets of alert channels.
type Opener interface {
	OpenAlertChannel(r *controlplane.Resource) (secret string, err error)
	DraftAlertChannel(doc *adminv1.AlertChannel) (channel *adminv1.AlertChannel, secret string, err error)
}

// Lock keeps one replica at a time leading.
type Lock interface {
	// Exclusive runs do unless another replica runs the job of that name, and reports whether
	// it ran. The context of do ends when the lock is lost.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// Sender sends a message once.
type Sender interface {
	Send(ctx context.Context, t send.Target, m send.Message) error
}

// Config is what Alerts works with. Everything is required unless it says otherwise.
type Config struct {
	Live      Current
	Opener    Opener
	Store     Store
	Lock      Lock
	Sender    Sender
	Detectors []Detector
	Logger    *slog.Logger
	Now       func() time.Time // default time.Now
	Interval  time.Duration    // between two rounds; default 2s
	NewID     func() string    // of alerts, notices and deliveries, growing; default: version 7 UUIDs
}

// Alerts is safe for concurrent use.
type Alerts struct {
	cfg     Config
	slots   chan struct{} // one for each message under way
	sending sync.WaitGroup

	sent, failed, givenUp atomic.Uint64
	firing                atomic.Int64
	troubled              bool // of the leader: the last round failed
}

// New makes an Alerts.
func New(cfg Config) (*Alerts, error) {
	if cfg.Live == nil || cfg.Opener == nil || cfg.Store == nil || cfg.Lock == nil || cfg.Sender == nil || cfg.Logger == nil {
		return nil, errors.New("alerts: Live, Opener, Store, Lock, Sender and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Interval == 0 {
		cfg.Interval = defaultInterval
	}
	if cfg.NewID == nil {
		cfg.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return &Alerts{cfg: cfg, slots: make(chan struct{}, abreast)}, nil
}

// now is the present time as databases keep it.
func (a *Alerts) now() time.Time { return a.cfg.Now().UTC().Truncate(time.Microsecond) }

// Run leads, or waits to lead, until ctx ends.
func (a *Alerts) Run(ctx context.Context) error {
	tick := time.NewTicker(a.cfg.Interval)
	defer tick.Stop()
	for {
		_, err := a.cfg.Lock.Exclusive(ctx, leadJob, a.lead)
		a.note(ctx, err)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// lead makes rounds until ctx ends, which it does too when another replica may lead.
func (a *Alerts) lead(ctx context.Context) error {
	defer a.sending.Wait()
	defer a.firing.Store(0)
	watch := newWatch(a.cfg.Detectors)
	tick := time.NewTicker(a.cfg.Interval)
	defer tick.Stop()
	var expired time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := a.round(ctx, watch.look(ctx, a.now()))
		if err == nil && a.now().Sub(expired) > expireEvery {
			expired = a.now()
			err = a.cfg.Store.ExpireAlerts(ctx, expired.Add(-KeptResolved), expired.Add(-KeptFor))
		}
		a.note(ctx, err)
	}
}

// note logs when rounds begin to fail and when they work again.
func (a *Alerts) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	switch {
	case err != nil && !a.troubled:
		a.cfg.Logger.WarnContext(ctx, "failed to evaluate alerts; retrying", "error", err)
	case err == nil && a.troubled:
		a.cfg.Logger.InfoContext(ctx, "alerts are evaluated again")
	}
	a.troubled = err != nil
}

// round takes in what was seen, makes messages of what waits and begins to send what is due.
func (a *Alerts) round(ctx context.Context, seen []sight) error {
	all := channels(a.cfg.Live.Current())
	return errors.Join(a.takeIn(ctx, seen, all), a.collect(ctx, all), a.deliver(ctx, all))
}

// takeIn moves alerts on and queues notices of that.
func (a *Alerts) takeIn(ctx context.Context, seen []sight, all []channel) error {
	known, err := a.cfg.Store.Alerts(ctx)
	if err != nil {
		return err
	}
	firing := 0
	for _, t := range known {
		if t.Firing() {
			firing++
		}
	}
	a.firing.Store(int64(firing))
	changes, dropped := machine{now: a.now(), newID: a.cfg.NewID}.step(known, seen)
	if dropped > 0 {
		a.cfg.Logger.WarnContext(ctx, "too many alerts of one event; further ones are not sent", "left_out", dropped, "limit", mostFiring)
	}
	if len(changes) == 0 {
		return nil
	}
	var notices []Notice
	changed := make([]Tracked, len(changes))
	for i := range changes {
		c := &changes[i]
		for _, ch := range c.route(all) {
			notices = append(notices, Notice{ID: a.cfg.NewID(), ChannelUID: ch.uid, At: a.now(), Alert: c.Alert})
		}
		if c.tell {
			a.cfg.Logger.InfoContext(ctx, "alert "+stateName(c.Alert), "event", c.Event, "summary", c.Alert.GetSummary(), "alert", c.Alert.GetId())
		}
		changed[i] = c.Tracked
	}
	err = a.cfg.Store.ChangeAlerts(ctx, changed, notices)
	if errs.CodeOf(err) == errs.Conflict {
		return nil // the next round sees what the other replica did
	}
	return err
}

func stateName(a *adminv1.Alert) string {
	if a.GetState() == adminv1.AlertState_ALERT_STATE_RESOLVED {
		return "resolved"
	}
	return "firing"
}

// Stats are counts for metrics.
type Stats struct {
	Sent, Failed uint64 // attempts of this replica
	GivenUp      uint64 // messages
	Firing       int64  // as the replica that leads saw last; 0 on others
}

// Stats counts.
func (a *Alerts) Stats() Stats {
	return Stats{Sent: a.sent.Load(), Failed: a.failed.Load(), GivenUp: a.givenUp.Load(), Firing: a.firing.Load()}
}

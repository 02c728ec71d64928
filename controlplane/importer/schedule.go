package importer

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// roundTime is how often it is looked whether an import is due.
	roundTime = time.Minute
	// firstTime is when it is looked for the first time: what was due while no control
	// plane ran is due now.
	firstTime = 2 * time.Second
	// retryTime is how long the schedule waits after one failure; it doubles with each,
	// up to the interval.
	retryTime = 15 * time.Minute
	// abreast is how many scheduled imports run at once.
	abreast = 4

	scheduleJob   = "import"
	scheduleActor = "schedule"
)

// Run makes the imports that are due until ctx ends. Of several replicas one makes them.
func (i *Importer) Run(ctx context.Context) error {
	timer := time.NewTimer(firstTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := i.Round(ctx); err != nil && ctx.Err() == nil {
			i.cfg.Logger.WarnContext(ctx, "failed to check scheduled imports", "error", err)
		}
		timer.Reset(roundTime)
	}
}

// Round makes the imports that are due now, unless another replica does.
func (i *Importer) Round(ctx context.Context) error {
	_, err := i.cfg.Lock.Exclusive(ctx, scheduleJob, func(ctx context.Context) error {
		c := i.cfg.Live.Current()
		past, err := i.past(ctx)
		if err != nil {
			return err
		}
		var group errgroup.Group
		group.SetLimit(abreast)
		for _, r := range c.List(controlplane.KindProvider) {
			p := r.Spec.(*adminv1.Provider)
			if !controlplane.IsEnabled(p.Enabled) || p.GetImport().GetInterval() == nil || i.now().Before(next(p, r.UID, past[r.UID])) {
				continue
			}
			group.Go(func() error {
				// How it went is recorded, and shown with the imports of the provider.
				// What it changed is in the audit log.
				ctx, _ := audit.Begin(ctx, audit.Event{Actor: audit.System, Action: audit.ActionScheduledImport})
				_ = i.run(ctx, scheduleActor, true, i.jobs(c, []string{r.Name}, ask{}), func(*adminv1.ImportModelsResponse) error { return nil })
				return nil
			})
		}
		_ = group.Wait() // no import returns an error
		return i.countFailing(ctx, c)
	})
	return err
}

// past is how scheduled imports went, by the provider's uid.
func (i *Importer) past(ctx context.Context) (map[string]Schedule, error) {
	all, err := i.cfg.Store.ImportSchedules(ctx)
	if err != nil {
		return nil, err
	}
	past := make(map[string]Schedule, len(all))
	for _, s := range all {
		past[s.ProviderUID] = s
	}
	return past, nil
}

func (i *Importer) countFailing(ctx context.Context, c *controlplane.Config) error {
	past, err := i.past(ctx)
	if err != nil {
		return err
	}
	failing := int64(0)
	for _, r := range c.List(controlplane.KindProvider) {
		p := r.Spec.(*adminv1.Provider)
		if controlplane.IsEnabled(p.Enabled) && p.GetImport().GetInterval() != nil && past[r.UID].Failures > 0 {
			failing++
		}
	}
	i.failing.Store(failing)
	return nil
}

// next is when the schedule imports a provider next: at once the first time; later an
// interval after the last time it began, or sooner after a failure, and up to a tenth of
// that more, so that providers that were set up together do not stay together.
func next(p *adminv1.Provider, uid string, past Schedule) time.Time {
	if past.LastAt.IsZero() {
		return time.Time{}
	}
	wait := p.GetImport().GetInterval().AsDuration()
	if n := past.Failures; n > 0 && n < 10 {
		wait = min(wait, retryTime<<(n-1))
	}
	return past.LastAt.Add(wait + jitter(wait, uid, past.LastAt))
}

// jitter is from nothing to a tenth of wait, and the same for the same provider and time.
func jitter(wait time.Duration, uid string, at time.Time) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(uid))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())))
	return time.Duration(h.Sum64() % uint64(wait/10+1))
}

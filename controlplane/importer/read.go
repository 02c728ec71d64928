package importer

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// readers is how many providers one request reads at once.
const readers = 8

// job is the import of one provider on its way.
type job struct {
	id       string
	provider string
	uid      string
	began    time.Time
	took     time.Duration
	// ask is what the import was asked for.
	ask ask

	upstream   *controlplane.Upstream
	credential string
	listed     []remote.Model
	prices     Prices

	outcome *Outcome
	wrote   bool  // its provider changed
	err     error // why it failed; then nothing of it is written
}

// ask is how models are imported.
type ask struct {
	rules   *adminv1.ImportRules // nil: the provider's own
	only    map[string]bool
	restore bool
	save    bool
}

func (a ask) rulesFor(p *adminv1.Provider) *adminv1.ImportRules {
	if a.rules != nil {
		return a.rules
	}
	return p.GetImport().GetRules()
}

// compare says what the import does to the provider as it is in c, and remembers it.
func (j *job) compare(c *controlplane.Config, p *adminv1.Provider) {
	j.outcome = Compare(Input{
		Provider: p, Listed: j.listed, Rules: j.ask.rulesFor(p), Only: j.ask.only, Restore: j.ask.restore,
		Prices: j.prices, Uses: c.ModelUses(p.GetName()),
		Import: j.id, Credential: j.credential, Now: j.began,
	})
}

// read reads the lists of all jobs, a few at a time, and tells each step to progress,
// from one goroutine at a time. A job that fails keeps its error; the error of read is
// that of ctx.
func (i *Importer) read(ctx context.Context, jobs []*job, progress func(j *job, listed int)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for _, j := range jobs {
		group.Go(func() error {
			j.began = i.now()
			began := time.Now()
			j.err = i.readOne(ctx, j, func(listed int) { progress(j, listed) })
			j.took = max(time.Since(began).Round(precision), precision)
			return ctx.Err()
		})
	}
	return group.Wait()
}

func (i *Importer) readOne(ctx context.Context, j *job, progress func(listed int)) (err error) {
	if j.upstream == nil {
		if j.upstream, err = i.cfg.Opener.Upstream(j.provider); err != nil {
			return err
		}
	}
	to, credential, err := target(j.upstream, j.ask.rulesFor(j.upstream.Provider).GetCredential())
	if err != nil {
		return err
	}
	j.credential = credential
	progress(0)
	j.listed, err = i.cfg.Remote.Models(ctx, to, progress)
	return err
}

package importer

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const defaultRuns = 100

// Runs lists imports, newest first: of one provider, or of all for an empty name. The
// newest scheduled one of a provider tells when the schedule imports it next.
func (i *Importer) Runs(ctx context.Context, req *adminv1.ListImportsRequest) ([]*adminv1.ImportRun, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = defaultRuns
	}
	stored, err := i.cfg.Store.Imports(ctx, req.GetProvider(), limit)
	if err != nil {
		return nil, err
	}
	past, err := i.past(ctx)
	if err != nil {
		return nil, err
	}
	c := i.cfg.Live.Current()
	told := map[string]bool{}
	runs := make([]*adminv1.ImportRun, len(stored))
	for n, run := range stored {
		runs[n] = run.ImportRun
		r, ok := c.Get(controlplane.KindProvider, run.GetProvider())
		if !ok || r.UID != run.ProviderUID || !run.GetScheduled() || told[r.UID] {
			continue
		}
		told[r.UID] = true
		if p := r.Spec.(*adminv1.Provider); controlplane.IsEnabled(p.Enabled) && p.GetImport().GetInterval() != nil {
			runs[n].NextStartTime = timestamppb.New(next(p, r.UID, past[r.UID]))
		}
	}
	return runs, nil
}

package importer

import (
	"context"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Preview says what an import would do, and changes nothing. A single provider that cannot
// be read is an error; among several it is said in its plan. listed is told how many models of a
// provider were read so far, by several goroutines.
func (i *Importer) Preview(ctx context.Context, req *adminv1.PreviewImportRequest, listed func(provider string, n int)) ([]*adminv1.ImportPlan, error) {
	if err := checkRules(req.GetRules()); err != nil {
		return nil, err
	}
	jobs, err := i.previewed(req)
	if err != nil {
		return nil, err
	}
	if err := i.read(ctx, jobs, func(j *job, n int) { listed(j.provider, n) }); err != nil {
		return nil, err
	}
	c := i.cfg.Live.Current()
	plans := make([]*adminv1.ImportPlan, len(jobs))
	for n, j := range jobs {
		plans[n] = &adminv1.ImportPlan{Provider: j.provider, Counts: &adminv1.ImportCounts{}}
		if j.err != nil && len(jobs) == 1 {
			return nil, shown(j.provider, j.err)
		}
		if j.err != nil {
			plans[n].Error = reason(j.err)
			continue
		}
		j.compare(c, j.upstream.Provider)
		plans[n].Counts, plans[n].Models = j.outcome.Counts, j.outcome.Models
	}
	return plans, nil
}

// previewed are the jobs of a preview: of a draft, or of providers that are stored.
func (i *Importer) previewed(req *adminv1.PreviewImportRequest) ([]*job, error) {
	how := ask{rules: req.GetRules(), only: given(req.GetModels()), restore: req.GetRestoreRemoved()}
	prices := i.cfg.Catalogue.Prices()
	if req.GetProvider() != nil {
		draft := req.GetProvider()
		u, err := i.cfg.Opener.DraftUpstream(draft)
		if err != nil {
			return nil, err
		}
		return []*job{{provider: draft.GetName(), upstream: u, ask: how, prices: prices}}, nil
	}
	names, err := choose(i.cfg.Live.Current(), req.GetName(), req.GetNames())
	if err != nil {
		return nil, err
	}
	jobs := make([]*job, len(names))
	for n, name := range names {
		jobs[n] = &job{provider: name, ask: how, prices: prices}
	}
	return jobs, nil
}

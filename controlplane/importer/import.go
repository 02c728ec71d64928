package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Emit takes one step of an import. Its error ends the import.
type Emit = func(*adminv1.ImportModelsResponse) error

// Import imports the models of the providers that req names, and tells each step to emit.
// Providers that cannot be read change nothing; the others are written in one transaction.
// When any failed, the error says so after all steps.
func (i *Importer) Import(ctx context.Context, actor string, req *adminv1.ImportModelsRequest, emit Emit) error {
	if err := checkRules(req.GetRules()); err != nil {
		return err
	}
	c := i.cfg.Live.Current()
	names, err := choose(c, req.GetName(), req.GetNames())
	if err != nil {
		return err
	}
	how := ask{
		rules: req.GetRules(), only: given(req.GetModels()), restore: req.GetRestoreRemoved(),
		save: req.GetSaveRules() && req.GetRules() != nil,
	}
	jobs := i.jobs(c, names, how)
	return i.run(ctx, actor, false, jobs, emit)
}

func (i *Importer) jobs(c *controlplane.Config, names []string, how ask) []*job {
	prices := i.cfg.Catalogue.Prices()
	var jobs []*job
	for _, name := range names {
		if r, ok := c.Get(controlplane.KindProvider, name); ok {
			jobs = append(jobs, &job{id: newID(), provider: name, uid: r.UID, ask: how, prices: prices})
		}
	}
	return jobs
}

// run makes the imports and records how they went, unless the caller left before.
func (i *Importer) run(ctx context.Context, actor string, scheduled bool, jobs []*job, emit Emit) error {
	steps := &steps{emit: emit}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	steps.failed = cancel
	err := i.read(ctx, jobs, steps.reading)
	if err == nil {
		err = i.compared(ctx, jobs, steps)
	}
	if err != nil {
		return errors.Join(steps.err, err)
	}
	next, err := i.write(ctx, actor, jobs, steps)
	if err != nil {
		if ctx.Err() != nil {
			return errors.Join(steps.err, err)
		}
		for _, j := range jobs { // one transaction: none of them
			if j.err == nil {
				j.err = err
				steps.step(j, adminv1.ImportStage_IMPORT_STAGE_FAILED, nil)
			}
		}
	}
	i.record(ctx, actor, scheduled, jobs, next)
	for _, j := range jobs {
		if j.err == nil {
			steps.done(j, next)
		}
	}
	return errors.Join(steps.err, failures(jobs))
}

// compared says what each import will do, and fails those that may not be made.
func (i *Importer) compared(ctx context.Context, jobs []*job, steps *steps) error {
	c := i.cfg.Live.Current()
	for _, j := range jobs {
		if j.err == nil {
			j.compare(c, j.upstream.Provider)
			j.err = conflicts(j.outcome)
		}
		if j.err != nil {
			steps.step(j, adminv1.ImportStage_IMPORT_STAGE_FAILED, j.counts())
			continue
		}
		steps.step(j, adminv1.ImportStage_IMPORT_STAGE_COMPARED, j.counts())
	}
	return ctx.Err()
}

// write makes all imports that have not failed so, in one transaction. Each is compared
// again with the provider as it is then: what an admin changed meanwhile is not lost.
func (i *Importer) write(ctx context.Context, actor string, jobs []*job, steps *steps) (*controlplane.Config, error) {
	pending := 0
	for _, j := range jobs {
		if j.err == nil {
			pending++
		}
	}
	if pending == 0 {
		return i.cfg.Live.Current(), nil
	}
	steps.send(&adminv1.ImportModelsResponse{Stage: adminv1.ImportStage_IMPORT_STAGE_WRITING})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return i.cfg.Live.Transaction(ctx, actor, func(c *controlplane.Config) (ops []controlplane.Op, err error) {
		for _, j := range jobs {
			if j.err != nil {
				continue
			}
			op, err := j.op(c)
			if err != nil {
				return nil, err
			}
			j.wrote = op != nil
			if op != nil {
				ops = append(ops, *op)
			}
		}
		return ops, nil
	})
}

// op is what the import changes in c; nil when that is nothing.
func (j *job) op(c *controlplane.Config) (*controlplane.Op, error) {
	r, ok := c.Get(controlplane.KindProvider, j.provider)
	if !ok || r.UID != j.uid {
		return nil, errs.Newf(errs.Conflict, "provider %q has been deleted in the meantime", j.provider)
	}
	p := r.Spec.(*adminv1.Provider)
	if listed := j.upstream.Provider; p.GetBaseUrl() != listed.GetBaseUrl() || !slices.EqualFunc(p.GetEndpoints(), listed.GetEndpoints(), sameEndpoint) {
		return nil, errs.Newf(errs.Conflict, "the address of provider %q has changed in the meantime", j.provider)
	}
	j.compare(c, p)
	if err := conflicts(j.outcome); err != nil {
		return nil, err
	}
	next := j.outcome.Provider
	if j.ask.save && !proto.Equal(p.GetImport().GetRules(), j.ask.rules) {
		next = proto.CloneOf(next)
		if next.GetImport() == nil {
			next.Import = &adminv1.ProviderImport{}
		}
		next.Import.Rules = proto.CloneOf(j.ask.rules)
	}
	if next == p {
		return nil, nil
	}
	return &controlplane.Op{Kind: controlplane.KindProvider, Name: j.provider, Spec: next}, nil
}

func (j *job) counts() *adminv1.ImportCounts {
	if j.outcome == nil {
		return nil
	}
	return j.outcome.Counts
}

// conflicts is the error of models whose alias is taken.
func conflicts(o *Outcome) error {
	models := o.Conflicts()
	if len(models) == 0 {
		return nil
	}
	violations := make([]errs.Violation, 0, len(models))
	for n, m := range models {
		if n == 100 {
			break
		}
		violations = append(violations, errs.Violation{
			Field: fmt.Sprintf("rules.aliases[%q]", m.GetId()), Description: m.GetNote(),
		})
	}
	return &errs.Error{
		Code: errs.InvalidArgument, Violations: violations,
		Message: fmt.Sprintf("%d names are taken; give those models other aliases, leave them out, or set skip_alias_conflicts", len(models)),
	}
}

// failures is the error of an import of which some part failed.
func failures(jobs []*job) error {
	var failed []*job
	for _, j := range jobs {
		if j.err != nil {
			failed = append(failed, j)
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(jobs) == 1:
		return shown(jobs[0].provider, jobs[0].err)
	}
	const most = 5
	var text []string
	for _, j := range failed[:min(most, len(failed))] {
		text = append(text, fmt.Sprintf("%s: %s", j.provider, reason(j.err)))
	}
	if len(failed) > most {
		text = append(text, fmt.Sprintf("and %d more", len(failed)-most))
	}
	return errs.Newf(errs.FailedPrecondition, "failed to import %d of %d providers: %s", len(failed), len(jobs), strings.Join(text, "; "))
}

// recordTime bounds how long it may take to note how an import went.
const recordTime = 10 * time.Second

// record notes how imports went. They are made by now, so a failure here is logged only,
// and a caller that left is no reason to stop.
func (i *Importer) record(ctx context.Context, actor string, scheduled bool, jobs []*job, next *controlplane.Config) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	for _, j := range jobs {
		run := Run{ProviderUID: j.uid, ImportRun: &adminv1.ImportRun{
			Id: j.id, Provider: j.provider, StartTime: timestamppb.New(j.began), Duration: durationpb.New(j.took),
			Scheduled: scheduled, Actor: actor,
		}}
		if j.err != nil {
			run.Error = reason(j.err)
			i.failed.Add(1)
			i.cfg.Logger.WarnContext(ctx, "model import failed", "provider", j.provider, "actor", actor, "reason", run.Error)
		} else {
			run.Counts = j.outcome.Counts
			if j.wrote {
				run.Revision = uint64(next.Revision)
			}
			i.succeeded.Add(1)
			i.cfg.Logger.InfoContext(ctx, "models imported", "provider", j.provider, "actor", actor,
				"added", run.Counts.GetAdded(), "changed", run.Counts.GetChanged(), "gone", run.Counts.GetGone())
		}
		if err := i.cfg.Store.RecordImport(ctx, run); err != nil {
			i.cfg.Logger.ErrorContext(ctx, "failed to record an import", "provider", j.provider, "error", err)
		}
	}
}

// steps tells how far imports are, one step at a time.
type steps struct {
	failed context.CancelCauseFunc // ends the import when nobody listens any more

	mu   sync.Mutex // guards what follows
	emit Emit
	err  error
}

func (s *steps) send(m *adminv1.ImportModelsResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if s.err = s.emit(m); s.err != nil {
		s.failed(s.err)
	}
}

func (s *steps) reading(j *job, listed int) {
	s.send(&adminv1.ImportModelsResponse{
		Provider: j.provider, Stage: adminv1.ImportStage_IMPORT_STAGE_READING, Counts: &adminv1.ImportCounts{Listed: int32(listed)},
	})
}

func (s *steps) step(j *job, stage adminv1.ImportStage, counts *adminv1.ImportCounts) {
	m := &adminv1.ImportModelsResponse{Provider: j.provider, Stage: stage, Counts: counts}
	if j.err != nil {
		m.Error = reason(j.err)
	}
	s.send(m)
}

func (s *steps) done(j *job, next *controlplane.Config) {
	m := &adminv1.ImportModelsResponse{
		Provider: j.provider, Stage: adminv1.ImportStage_IMPORT_STAGE_DONE, Counts: j.outcome.Counts,
		Revision: uint64(next.Revision), Import: j.id,
	}
	for _, model := range j.outcome.Models {
		if model.GetAction() == adminv1.ImportAction_IMPORT_ACTION_ADD || len(model.GetChanges()) > 0 {
			m.Models = append(m.Models, model)
		}
	}
	s.send(m)
}

func sameEndpoint(a, b *adminv1.Endpoint) bool { return proto.Equal(a, b) }

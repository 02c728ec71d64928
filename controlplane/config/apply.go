package config

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// OpUnchanged is the Op of a ResourceChange that changes nothing. The change log has none.
const OpUnchanged controlplane.ChangeOp = "unchanged"

// OpLeftAlone is the Op of a ResourceChange for a document that ApplyMissing does not touch
// although it is not as given: somebody has changed or deleted it.
const OpLeftAlone controlplane.ChangeOp = "left alone"

// ApplyResult is what Apply did, or what it would do.
type ApplyResult struct {
	Revision  controlplane.Revision // of the configuration afterwards; of the one compared against for Diff
	Changes   []ResourceChange      // one per document in the order given, then the deletions
	Generated []GeneratedKey        // secrets of API keys that came without one; none for Diff
}

// ResourceChange is what happened, or would happen, to one resource.
type ResourceChange struct {
	Kind controlplane.Kind
	Name string
	Op   controlplane.ChangeOp // or OpUnchanged
	// Differences has one line per field that an update changes: path, old and new value;
	// of secrets only that they change.
	Differences []string
	// UsedBy are the documents that refer to what Apply deletes.
	UsedBy []string
}

// ApplyOptions say how documents are applied; the zero value leaves alone what they do not name.
type ApplyOptions struct {
	// Prune deletes every provider, group, key, keyword and alert channel that the documents do not name.
	Prune bool
	// ExpectRevision, unless 0, is the revision that the configuration must be at.
	ExpectRevision controlplane.Revision
}

// check refuses a configuration that is not the expected one.
func (o ApplyOptions) check(c *controlplane.Config) error {
	if o.ExpectRevision == 0 || o.ExpectRevision == c.Revision {
		return nil
	}
	return errs.Newf(errs.Conflict, "the configuration is at revision %d, not %d: it has changed in the meantime", c.Revision, o.ExpectRevision)
}

// GeneratedKey is an API key that was made, in clear: it cannot be read again.
type GeneratedKey struct {
	Name   string
	Secret string
}

// Apply makes the documents so, all of them in one transaction or none. Applying the same
// documents again changes nothing and writes nothing.
func (e *Editor) Apply(ctx context.Context, actor string, docs []proto.Message, o ApplyOptions) (*ApplyResult, error) {
	var p *planner
	next, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) (ops []controlplane.Op, err error) {
		p, err = e.plan(c, docs, o)
		return p.ops, err
	})
	if err != nil {
		return nil, err
	}
	return &ApplyResult{Revision: next.Revision, Changes: p.changes, Generated: p.generated}, nil
}

// ApplyMissing makes those documents that are not there and never were, all of them in one
// transaction or none: what somebody has changed or deleted since stays so.
func (e *Editor) ApplyMissing(ctx context.Context, actor string, docs []proto.Message) (*ApplyResult, error) {
	deleted, err := e.deletedAmong(ctx, docs)
	if err != nil {
		return nil, err
	}
	var p *planner
	next, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) (ops []controlplane.Op, err error) {
		p = e.planner(c, docs)
		p.missingOnly, p.deleted = true, deleted
		err = p.addAll(docs)
		return p.ops, err
	})
	if err != nil {
		return nil, err
	}
	return &ApplyResult{Revision: next.Revision, Changes: p.changes, Generated: p.generated}, nil
}

// deletedAmong says which of the documents were there once and are no more.
func (e *Editor) deletedAmong(ctx context.Context, docs []proto.Message) (map[identity]bool, error) {
	names := map[controlplane.Kind][]string{}
	for _, doc := range docs {
		kind, name, err := KindOf(doc)
		if err != nil {
			return nil, err
		}
		if _, there := e.live.Current().Get(kind, name); !there {
			names[kind] = append(names[kind], name)
		}
	}
	deleted := map[identity]bool{}
	for kind, missing := range names {
		once, err := e.live.cfg.Store.Existed(ctx, kind, missing)
		if err != nil {
			return nil, err
		}
		for _, name := range once {
			deleted[identity{kind, name}] = true
		}
	}
	return deleted, nil
}

// Diff tells what Apply would do to the present configuration, and refuses what it would.
func (e *Editor) Diff(docs []proto.Message, o ApplyOptions) (*ApplyResult, error) {
	c := e.live.Current()
	p, err := e.plan(c, docs, o)
	if err != nil {
		return nil, err
	}
	var secrets []controlplane.Secret
	for _, op := range p.ops {
		secrets = append(secrets, op.Secrets...)
	}
	if _, err := e.live.preview(c, p.ops, secrets); err != nil {
		return nil, err
	}
	return &ApplyResult{Revision: c.Revision, Changes: p.changes}, nil
}

// plan decides what has to change so that c holds docs.
func (e *Editor) plan(c *controlplane.Config, docs []proto.Message, o ApplyOptions) (*planner, error) {
	p := e.planner(c, docs)
	if err := o.check(c); err != nil {
		return p, err
	}
	if err := p.addAll(docs); err != nil {
		return p, err
	}
	if o.Prune {
		p.prune()
	}
	return p, nil
}

func (e *Editor) planner(c *controlplane.Config, docs []proto.Message) *planner {
	p := &planner{config: c, normalizer: e.live.normalizer(), given: make(map[identity]bool, len(docs))}
	p.normalizer.declared = true
	return p
}

type identity struct {
	kind controlplane.Kind
	name string
}

// planner turns documents into ops, and says of each what it changes.
type planner struct {
	config     *controlplane.Config
	normalizer *normalizer
	given      map[identity]bool
	violations []errs.Violation
	ops        []controlplane.Op
	changes    []ResourceChange
	generated  []GeneratedKey

	missingOnly bool              // what is there, or was, stays as it is
	deleted     map[identity]bool // of missingOnly: what was there
}

func (p *planner) addAll(docs []proto.Message) error {
	for _, doc := range docs {
		if err := p.add(doc); err != nil {
			return err
		}
	}
	return controlplane.InvalidConfig(p.violations)
}

func (p *planner) add(doc proto.Message) error {
	kind, name, err := KindOf(doc)
	if err != nil {
		return err
	}
	if p.given[identity{kind, name}] {
		p.violations = append(p.violations, errs.Violation{Field: controlplane.DocumentPath(kind, name), Description: "occurs twice"})
		return nil
	}
	p.given[identity{kind, name}] = true

	old, _ := p.config.Get(kind, name)
	if p.missingOnly && (old != nil || p.deleted[identity{kind, name}]) {
		p.changes = append(p.changes, ResourceChange{Kind: kind, Name: name, Op: p.leftAlone(doc, old)})
		return nil
	}
	t, violations, err := p.normalizer.normalize(p.config, doc, old)
	if err != nil || len(violations) > 0 {
		p.violations = append(p.violations, violations...)
		return err
	}
	change := ResourceChange{Kind: kind, Name: name, Op: controlplane.OpCreate}
	if old != nil {
		if proto.Equal(old.Spec, t.spec) {
			change.Op = OpUnchanged
			p.changes = append(p.changes, change)
			return nil
		}
		// An etag guards against overwriting. A file that carries an old one can still
		// be applied again, since that overwrites nothing.
		if err := checkETag(old, kind, name, givenETag(doc)); err != nil {
			return err
		}
		change.Op, change.Differences = controlplane.OpUpdate, differences(old.Spec, t.spec)
	}
	p.changes = append(p.changes, change)
	p.ops = append(p.ops, controlplane.Op{Kind: kind, Name: name, Spec: t.spec, Secrets: t.secrets})
	if t.generated != "" {
		p.generated = append(p.generated, GeneratedKey{Name: name, Secret: t.generated})
	}
	return nil
}

// leftAlone tells a document that is as given from one that is not.
func (p *planner) leftAlone(doc proto.Message, old *controlplane.Resource) controlplane.ChangeOp {
	if old == nil {
		return OpLeftAlone
	}
	t, violations, err := p.normalizer.normalize(p.config, doc, old)
	if err != nil || len(violations) > 0 || !proto.Equal(old.Spec, t.spec) {
		return OpLeftAlone
	}
	return OpUnchanged
}

// prune deletes what was not given, but never the settings.
func (p *planner) prune() {
	for _, kind := range controlplane.Kinds {
		if kind == controlplane.KindSettings {
			continue
		}
		for _, r := range p.config.List(kind) {
			if p.given[identity{kind, r.Name}] {
				continue
			}
			p.ops = append(p.ops, controlplane.Op{Kind: kind, Name: r.Name})
			p.changes = append(p.changes, ResourceChange{Kind: kind, Name: r.Name, Op: controlplane.OpDelete, UsedBy: p.usedBy(kind, r.Name)})
		}
	}
}

// usedBy lists what refers to a document that is pruned, and what of that goes with it.
func (p *planner) usedBy(kind controlplane.Kind, name string) (users []string) {
	for _, ref := range p.config.Referrers(kind, name) {
		text := ref.String()
		if !p.given[identity{ref.Kind, ref.Name}] {
			text += " (deleted too)"
		}
		users = append(users, text)
	}
	return users
}

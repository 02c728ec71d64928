package config

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Editor makes the changes that callers ask for, each as one transaction of a Live.
type Editor struct{ live *Live }

// NewEditor makes an Editor.
func NewEditor(live *Live) *Editor { return &Editor{live} }

// Create stores a new document. An API key without a secret gets one, which is returned
// here and nowhere else. The error is AlreadyExists when the name is taken.
func (e *Editor) Create(ctx context.Context, actor string, doc proto.Message) (res *controlplane.Resource, generatedKey string, err error) {
	kind, name, err := KindOf(doc)
	if err != nil {
		return nil, "", err
	}
	next, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) ([]controlplane.Op, error) {
		if _, exists := c.Get(kind, name); exists {
			return nil, errs.Newf(errs.AlreadyExists, "%s %q already exists", kind, name)
		}
		t, violations, err := e.live.normalizer().normalize(c, doc, nil)
		if err := cmp.Or(err, controlplane.InvalidConfig(violations)); err != nil {
			return nil, err
		}
		generatedKey = t.generated
		return []controlplane.Op{{Kind: kind, Name: name, Spec: t.spec, Secrets: t.secrets}}, nil
	})
	if err != nil {
		return nil, "", err
	}
	res, _ = next.Get(kind, name)
	return res, generatedKey, nil
}

// Update replaces a document. When doc carries an etag it must be the present one, else
// the error is Conflict. Secrets that doc does not give are kept. A document that would
// not change is not written.
func (e *Editor) Update(ctx context.Context, actor string, doc proto.Message) (*controlplane.Resource, error) {
	return e.update(ctx, actor, doc, nil)
}

// Patch is Update by what merge makes of the present document, as callers see it; doc says
// only which one is meant and, by its etag, which state of it.
func (e *Editor) Patch(ctx context.Context, actor string, doc proto.Message, merge func(present proto.Message) error) (*controlplane.Resource, error) {
	return e.update(ctx, actor, doc, merge)
}

func (e *Editor) update(ctx context.Context, actor string, doc proto.Message, merge func(present proto.Message) error) (*controlplane.Resource, error) {
	kind, name, err := KindOf(doc)
	if err != nil {
		return nil, err
	}
	next, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) ([]controlplane.Op, error) {
		old, exists := c.Get(kind, name)
		if !exists && kind != controlplane.KindSettings { // settings always exist: as defaults
			return nil, notFound(kind, name)
		}
		if err := checkETag(old, kind, name, givenETag(doc)); err != nil {
			return nil, err
		}
		replacement := doc
		if merge != nil {
			replacement = presentOf(kind, old)
			if err := merge(replacement); err != nil {
				return nil, err
			}
		}
		t, violations, err := e.live.normalizer().normalize(c, replacement, old)
		if err := cmp.Or(err, controlplane.InvalidConfig(violations)); err != nil {
			return nil, err
		}
		if old != nil && proto.Equal(old.Spec, t.spec) {
			return nil, nil
		}
		return []controlplane.Op{{Kind: kind, Name: name, Spec: t.spec, Secrets: t.secrets}}, nil
	})
	if err != nil {
		return nil, err
	}
	res, _ := next.Get(kind, name)
	return res, nil
}

// presentOf is a document as callers see it; settings are empty before there are any.
func presentOf(kind controlplane.Kind, old *controlplane.Resource) proto.Message {
	if old == nil {
		return kind.New()
	}
	return Public(old)
}

// Delete removes a document. When etag is not empty it must be the present one, else the
// error is Conflict. It is FailedPrecondition while other documents refer to it, and
// names them.
func (e *Editor) Delete(ctx context.Context, actor string, kind controlplane.Kind, name, etag string) error {
	if kind == controlplane.KindSettings {
		return errs.Newf(errs.FailedPrecondition, "settings cannot be deleted; update them to an empty document for the defaults")
	}
	_, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) ([]controlplane.Op, error) {
		old, exists := c.Get(kind, name)
		if !exists {
			return nil, notFound(kind, name)
		}
		if err := checkETag(old, kind, name, etag); err != nil {
			return nil, err
		}
		if users := c.Referrers(kind, name); len(users) > 0 {
			return nil, errs.Newf(errs.FailedPrecondition, "%s %q is in use by %s", kind, name, someOf(users))
		}
		return []controlplane.Op{{Kind: kind, Name: name}}, nil
	})
	return err
}

func notFound(kind controlplane.Kind, name string) error {
	return errs.Newf(errs.NotFound, "%s %q does not exist", kind, name)
}

// givenETag is the etag a caller sent with a document; empty when it sent none.
func givenETag(doc proto.Message) string {
	e, ok := doc.(interface{ GetEtag() string })
	if !ok {
		return ""
	}
	return e.GetEtag()
}

func checkETag(old *controlplane.Resource, kind controlplane.Kind, name, etag string) error {
	if etag == "" {
		return nil
	}
	if old == nil {
		return errs.Newf(errs.Conflict, "%s %q has no etag yet, but %q was given; read it again", kind, name, etag)
	}
	if present := etagOf(old); etag != present {
		return errs.Newf(errs.Conflict, "%s %q has changed in the meantime: its etag is %q, not %q; read it again", kind, name, present, etag)
	}
	return nil
}

// someOf names the first few of a long list and counts the rest.
func someOf(users []controlplane.Referrer) string {
	const most = 5
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.String()
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

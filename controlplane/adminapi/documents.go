package adminapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// documents are those of the configuration: what the services of every kind do alike with them.
type documents struct {
	live   Live
	editor Editor
	rules  *requestRules
}

// get returns one resource.
func (d documents) get(kind controlplane.Kind, name string) (*controlplane.Resource, error) {
	r, ok := d.live.Current().Get(kind, name)
	if !ok {
		return nil, errs.Newf(errs.NotFound, "%s %q does not exist", kind, name)
	}
	return r, nil
}

// create stores a new resource and returns it as it now is, and the key made for it.
func (d documents) create(ctx context.Context, doc proto.Message) (created *controlplane.Resource, generatedKey string, err error) {
	if err := d.wantRecentFor(ctx, doc); err != nil {
		return nil, "", err
	}
	created, generatedKey, err = d.editor.Create(ctx, caller(ctx).actor(), doc)
	if err != nil {
		return nil, "", inRequest(err, doc)
	}
	return created, generatedKey, nil
}

// update replaces doc, the document in req, or what the mask of req names of it, and returns
// the resource as it now is.
func (d documents) update(ctx context.Context, req updateRequest, doc proto.Message) (*controlplane.Resource, error) {
	if err := d.wantRecentFor(ctx, doc); err != nil {
		return nil, err
	}
	paths := req.GetUpdateMask().GetPaths()
	if len(paths) == 0 {
		updated, err := d.editor.Update(ctx, caller(ctx).actor(), doc)
		return updated, inRequest(err, doc)
	}
	fields, err := updateMask.fields(doc.ProtoReflect().Descriptor(), paths)
	if err != nil {
		return nil, err
	}
	updated, err := d.editor.Patch(ctx, caller(ctx).actor(), doc, func(present proto.Message) error {
		for _, path := range fields {
			replaceField(present.ProtoReflect(), doc.ProtoReflect(), path)
		}
		return d.rules.whole(req, present)
	})
	return updated, inRequest(err, doc)
}

// remove deletes a resource.
func (d documents) remove(ctx context.Context, kind controlplane.Kind, name, etag string) error {
	return d.editor.Delete(ctx, caller(ctx).actor(), kind, name, etag)
}

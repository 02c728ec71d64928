package adminapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// get returns one resource.
func get(live Live, kind controlplane.Kind, name string) (*controlplane.Resource, error) {
	r, ok := live.Current().Get(kind, name)
	if !ok {
		return nil, errs.Newf(errs.NotFound, "%s %q does not exist", kind, name)
	}
	return r, nil
}

// create stores a new resource and returns it as it now is, and the key made for it.
func create(ctx context.Context, live Live, doc proto.Message) (created *controlplane.Resource, generatedKey string, err error) {
	if err := wantRecentFor(ctx, live, doc); err != nil {
		return nil, "", err
	}
	created, generatedKey, err = live.Create(ctx, caller(ctx).actor(), doc)
	if err != nil {
		return nil, "", inRequest(err, doc)
	}
	return created, generatedKey, nil
}

// remove deletes a resource.
func remove(ctx context.Context, live Live, kind controlplane.Kind, name, etag string) error {
	return live.Delete(ctx, caller(ctx).actor(), kind, name, etag)
}

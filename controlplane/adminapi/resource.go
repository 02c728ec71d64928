package adminapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// get returns one resource as callers may see it.
func get[T proto.Message](live Live, kind controlplane.Kind, name string) (T, error) {
	r, ok := live.Current().Get(kind, name)
	if !ok {
		var none T
		return none, errs.Newf(errs.NotFound, "%s %q does not exist", kind, name)
	}
	return config.Public(r).(T), nil
}

// create stores a new resource and returns it as it now is, and the key made for it.
func create[T proto.Message](ctx context.Context, live Live, doc T) (created T, generatedKey string, err error) {
	r, generatedKey, err := live.Create(ctx, caller(ctx).actor(), doc)
	if err != nil {
		return created, "", inRequest(err, doc)
	}
	return config.Public(r).(T), generatedKey, nil
}

// update replaces a resource and returns it as it now is.
func update[T proto.Message](ctx context.Context, live Live, doc T) (updated T, err error) {
	r, err := live.Update(ctx, caller(ctx).actor(), doc)
	if err != nil {
		return updated, inRequest(err, doc)
	}
	return config.Public(r).(T), nil
}

// remove deletes a resource.
func remove(ctx context.Context, live Live, kind controlplane.Kind, name, etag string) error {
	return live.Delete(ctx, caller(ctx).actor(), kind, name, etag)
}

package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (s configService) ListRevisions(context.Context, *adminv1.ListRevisionsRequest) (*adminv1.ListRevisionsResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s configService) GetRevision(context.Context, *adminv1.GetRevisionRequest) (*adminv1.GetRevisionResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s configService) DiffRevisions(context.Context, *adminv1.DiffRevisionsRequest) (*adminv1.DiffRevisionsResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s configService) Rollback(context.Context, *adminv1.RollbackRequest) (*adminv1.RollbackResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s configService) AdoptDatabase(context.Context, *adminv1.AdoptDatabaseRequest) (*adminv1.AdoptDatabaseResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s keyService) RevokeApiKey(context.Context, *adminv1.RevokeApiKeyRequest) (*adminv1.RevokeApiKeyResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}
func (s keyService) RotateApiKey(context.Context, *adminv1.RotateApiKeyRequest) (*adminv1.RotateApiKeyResponse, error) {
	return nil, errs.Newf(errs.Unavailable, "not yet")
}

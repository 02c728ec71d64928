package adminapi

import (
	"context"
	"sync"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Importer imports models of providers, and tests providers.
type Importer interface {
	// Preview tells listed how many models of a provider were read so far, from several goroutines.
	Preview(ctx context.Context, req *adminv1.PreviewImportRequest, listed func(provider string, n int)) ([]*adminv1.ImportPlan, error)
	// Import tells each step to emit, whose error ends it.
	Import(ctx context.Context, actor string, req *adminv1.ImportModelsRequest, emit func(*adminv1.ImportModelsResponse) error) error
	Runs(ctx context.Context, req *adminv1.ListImportsRequest) ([]*adminv1.ImportRun, error)
	Remove(ctx context.Context, actor string, req *adminv1.RemoveImportedModelsRequest) (*adminv1.RemoveImportedModelsResponse, error)
	// Test tells each step to emit, whose error ends it.
	Test(ctx context.Context, req *adminv1.TestProviderRequest, emit func(*adminv1.TestProviderResponse) error) error
	// Catalogue tells where prices come from; nil: from no file.
	Catalogue() *adminv1.PriceCatalogue
}

// PreviewImport shows what an import would do.
func (s providerService) PreviewImport(ctx context.Context, req *adminv1.PreviewImportRequest) (*adminv1.PreviewImportResponse, error) {
	plans, err := s.importer.Preview(ctx, req, func(string, int) {})
	if err != nil {
		return nil, inRequest(err, req.GetProvider())
	}
	return &adminv1.PreviewImportResponse{Plans: plans}, nil
}

// FollowImportPreview is PreviewImport which tells how far it is.
func (s providerService) FollowImportPreview(ctx context.Context, req *adminv1.FollowImportPreviewRequest, stream adminv1connect.ProviderServiceFollowImportPreviewServerStream) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var sending sync.Mutex
	plans, err := s.importer.Preview(ctx, req.GetPreview(), func(provider string, n int) {
		sending.Lock()
		defer sending.Unlock()
		if err := stream.Send(&adminv1.FollowImportPreviewResponse{Provider: provider, Listed: int32(n)}); err != nil {
			cancel(err) // nobody listens any more
		}
	})
	if err != nil {
		return inRequest(err, req.GetPreview().GetProvider())
	}
	return stream.Send(&adminv1.FollowImportPreviewResponse{Plans: plans})
}

// ImportModels imports the models that providers list.
func (s providerService) ImportModels(ctx context.Context, req *adminv1.ImportModelsRequest, stream adminv1connect.ProviderServiceImportModelsServerStream) error {
	return s.importer.Import(ctx, caller(ctx).actor(), req, stream.Send)
}

// ListImports lists past imports.
func (s providerService) ListImports(ctx context.Context, req *adminv1.ListImportsRequest) (*adminv1.ListImportsResponse, error) {
	provider := s.names.resource("provider", controlplane.KindProvider, "provider", req.GetProvider())
	err := checkNames(ctx, provider.since("imports", func(ctx context.Context) (bool, error) {
		past, err := s.importer.Runs(ctx, &adminv1.ListImportsRequest{Provider: req.GetProvider(), Limit: 1})
		return len(past) > 0, err
	}))
	if err != nil {
		return nil, err
	}
	runs, err := s.importer.Runs(ctx, req)
	if err != nil {
		return nil, err
	}
	return &adminv1.ListImportsResponse{Imports: runs}, nil
}

// RemoveImportedModels removes models that imports brought.
func (s providerService) RemoveImportedModels(ctx context.Context, req *adminv1.RemoveImportedModelsRequest) (*adminv1.RemoveImportedModelsResponse, error) {
	return s.importer.Remove(ctx, caller(ctx).actor(), req)
}

// TestProvider tests a provider step by step.
func (s providerService) TestProvider(ctx context.Context, req *adminv1.TestProviderRequest, stream adminv1connect.ProviderServiceTestProviderServerStream) error {
	return inRequest(s.importer.Test(ctx, req, stream.Send), req.GetProvider())
}

package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keywordService manages failure keywords.
type keywordService struct {
	documents

	calls Calls
}

// ListFailureKeywords lists failure keywords in name order.
func (s keywordService) ListFailureKeywords(_ context.Context, req *adminv1.ListFailureKeywordsRequest) (*adminv1.ListFailureKeywordsResponse, error) {
	page, err := listing[*adminv1.FailureKeyword]{kind: controlplane.KindFailureKeyword}.list(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListFailureKeywordsResponse{NextPageToken: page.next, TotalSize: int32(page.total)}
	for _, r := range page.resources {
		res.FailureKeywords = append(res.FailureKeywords, s.view(r))
	}
	return res, nil
}

// GetFailureKeyword returns one failure keyword.
func (s keywordService) GetFailureKeyword(_ context.Context, req *adminv1.GetFailureKeywordRequest) (*adminv1.GetFailureKeywordResponse, error) {
	r, err := s.get(controlplane.KindFailureKeyword, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetFailureKeywordResponse{FailureKeyword: s.view(r)}, nil
}

// CreateFailureKeyword creates a failure keyword.
func (s keywordService) CreateFailureKeyword(ctx context.Context, req *adminv1.CreateFailureKeywordRequest) (*adminv1.CreateFailureKeywordResponse, error) {
	r, _, err := s.create(ctx, req.GetFailureKeyword())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateFailureKeywordResponse{FailureKeyword: s.view(r)}, nil
}

// UpdateFailureKeyword replaces a failure keyword.
func (s keywordService) UpdateFailureKeyword(ctx context.Context, req *adminv1.UpdateFailureKeywordRequest) (*adminv1.UpdateFailureKeywordResponse, error) {
	r, err := s.update(ctx, req, req.GetFailureKeyword())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateFailureKeywordResponse{FailureKeyword: s.view(r)}, nil
}

// view is a failure keyword as callers may see it.
func (keywordService) view(r *controlplane.Resource) *adminv1.FailureKeyword {
	return config.Public(r).(*adminv1.FailureKeyword)
}

// DeleteFailureKeyword deletes a failure keyword.
func (s keywordService) DeleteFailureKeyword(ctx context.Context, req *adminv1.DeleteFailureKeywordRequest) (*adminv1.DeleteFailureKeywordResponse, error) {
	if err := s.remove(ctx, controlplane.KindFailureKeyword, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteFailureKeywordResponse{}, nil
}

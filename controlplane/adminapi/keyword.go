package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keywordService manages failure keywords.
type keywordService struct {
	live  Live
	calls Calls
}

// ListFailureKeywords lists failure keywords in name order.
func (s keywordService) ListFailureKeywords(_ context.Context, req *adminv1.ListFailureKeywordsRequest) (*adminv1.ListFailureKeywordsResponse, error) {
	page, next, err := list[*adminv1.FailureKeyword](s.live, controlplane.KindFailureKeyword, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &adminv1.ListFailureKeywordsResponse{FailureKeywords: page, NextPageToken: next}, nil
}

// GetFailureKeyword returns one failure keyword.
func (s keywordService) GetFailureKeyword(_ context.Context, req *adminv1.GetFailureKeywordRequest) (*adminv1.GetFailureKeywordResponse, error) {
	keyword, err := get[*adminv1.FailureKeyword](s.live, controlplane.KindFailureKeyword, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetFailureKeywordResponse{FailureKeyword: keyword}, nil
}

// CreateFailureKeyword creates a failure keyword.
func (s keywordService) CreateFailureKeyword(ctx context.Context, req *adminv1.CreateFailureKeywordRequest) (*adminv1.CreateFailureKeywordResponse, error) {
	keyword, _, err := create(ctx, s.live, req.GetFailureKeyword())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateFailureKeywordResponse{FailureKeyword: keyword}, nil
}

// UpdateFailureKeyword replaces a failure keyword.
func (s keywordService) UpdateFailureKeyword(ctx context.Context, req *adminv1.UpdateFailureKeywordRequest) (*adminv1.UpdateFailureKeywordResponse, error) {
	keyword, err := update(ctx, s.live, req.GetFailureKeyword())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateFailureKeywordResponse{FailureKeyword: keyword}, nil
}

// DeleteFailureKeyword deletes a failure keyword.
func (s keywordService) DeleteFailureKeyword(ctx context.Context, req *adminv1.DeleteFailureKeywordRequest) (*adminv1.DeleteFailureKeywordResponse, error) {
	if err := remove(ctx, s.live, controlplane.KindFailureKeyword, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteFailureKeywordResponse{}, nil
}

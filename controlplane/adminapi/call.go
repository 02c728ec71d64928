package adminapi

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const defaultCallPageSize = 50

// callService reads the call log.
type callService struct{ calls Calls }

// ListCalls lists calls, newest first.
func (s callService) ListCalls(ctx context.Context, req *adminv1.ListCallsRequest) (*adminv1.ListCallsResponse, error) {
	filter, err := callFilter(req)
	if err != nil {
		return nil, err
	}
	size := int(req.GetPageSize())
	if size == 0 {
		size = defaultCallPageSize
	}
	filter.Limit = size + 1 // the one more tells whether there is another page
	calls, err := s.calls.ListCalls(ctx, filter)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListCallsResponse{}
	if len(calls) > size {
		calls = calls[:size]
		last := calls[size-1]
		res.NextPageToken = encodeCursor(filter, controlplane.CallPosition{StartUS: last.GetStartUs(), ID: last.GetId()})
	}
	res.Calls = make([]*adminv1.Call, len(calls))
	for i, c := range calls {
		res.Calls[i] = callView(c, req.GetWithAttempts())
	}
	return res, nil
}

// GetCall returns one call with its attempts.
func (s callService) GetCall(ctx context.Context, req *adminv1.GetCallRequest) (*adminv1.GetCallResponse, error) {
	if !storable(req.GetId()) {
		return nil, errs.Newf(errs.NotFound, "call %q does not exist", req.GetId())
	}
	call, err := s.calls.GetCall(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetCallResponse{Call: callView(call, true)}, nil
}

// callFilter turns the filters and the page token of a request into a query.
func callFilter(req *adminv1.ListCallsRequest) (controlplane.CallFilter, error) {
	f := controlplane.CallFilter{
		Group:    req.GetGroup(),
		Provider: req.GetProvider(),
		APIKey:   req.GetApiKey(),
		Outcome:  req.GetOutcome(),
		Status:   int(req.GetStatus()),
	}
	var violations []errs.Violation
	fault := func(field, description string) {
		violations = append(violations, errs.Violation{Field: field, Description: description})
	}
	for _, text := range []struct{ field, value string }{
		{"group", f.Group}, {"provider", f.Provider}, {"api_key", f.APIKey}, {"outcome", f.Outcome},
	} {
		if !storable(text.value) {
			fault(text.field, "must not contain NUL characters")
		}
	}
	if f.Status != 0 && (f.Status < 100 || f.Status > 599) {
		fault("status", "must be an HTTP status from 100 to 599")
	}
	for _, bound := range []struct {
		field string
		value *timestamppb.Timestamp
	}{{"start_time", req.GetStartTime()}, {"end_time", req.GetEndTime()}} {
		if bound.value != nil && bound.value.CheckValid() != nil {
			fault(bound.field, "must be a time from year 1 to 9999")
		}
	}
	if len(violations) > 0 {
		return f, errs.Invalid(violations...)
	}
	if req.GetStartTime() != nil {
		f.From = req.GetStartTime().AsTime()
	}
	if req.GetEndTime() != nil {
		f.To = req.GetEndTime().AsTime()
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		return f, errs.Invalid(errs.Violation{Field: "end_time", Description: "must be after start_time"})
	}
	var err error
	f.After, err = decodeCursor(f, req.GetPageToken())
	return f, err
}

// storable reports whether a database can hold s: PostgreSQL refuses NUL in text.
func storable(s string) bool { return !strings.Contains(s, "\x00") }

package adminapi

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	defaultCallPageSize = 50
	// searchTime is for how long one page of calls is searched.
	searchTime = 250 * time.Millisecond
)

// callService reads the call log.
type callService struct {
	calls   Calls
	gaps    Gaps
	bodies  Bodies
	names   filterNames
	log     *slog.Logger
	now     func() time.Time
	tails   chan struct{}   // one for each stream that follows calls
	exports chan struct{}   // one for each export
	ended   <-chan struct{} // closed when streams are to end
}

// ListCalls lists calls, newest first.
func (s callService) ListCalls(ctx context.Context, req *adminv1.ListCallsRequest) (*adminv1.ListCallsResponse, error) {
	filter, err := s.filter(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	if filter.After, err = decodeCursor(filter, req.GetPageToken()); err != nil {
		return nil, err
	}
	size := int(req.GetPageSize())
	if size == 0 {
		size = defaultCallPageSize
	}
	filter.Limit = size + 1 // the one more tells whether there is another page
	calls, back, err := s.calls.SearchCalls(ctx, filter, searchTime)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListCallsResponse{}
	switch {
	case !back.IsZero() && len(calls) <= size:
		res.NextPageToken, res.SearchEndTime = encodeCursor(filter, calllog.Position{StartUS: back.UnixMicro()}), timestamppb.New(back)
	case len(calls) > size:
		calls = calls[:size]
		last := calls[size-1]
		res.NextPageToken = encodeCursor(filter, calllog.Position{StartUS: last.GetStartUs(), ID: last.GetId()})
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

// filter is callFilter that refuses names which never existed.
func (s callService) filter(ctx context.Context, in *adminv1.CallFilter) (calllog.Filter, error) {
	f, err := callFilter(in)
	if err != nil {
		return f, err
	}
	return f, checkNames(ctx, append(s.names.ofCalls(calllog.UsageQuery{Group: f.Group, Provider: f.Provider, Model: f.Model, APIKey: f.APIKey}),
		s.names.node("filter.node", f.Node, f.From, f.To))...)
}

// callFilter turns the filter of a request into a query. It may be nil.
func callFilter(in *adminv1.CallFilter) (calllog.Filter, error) {
	f := calllog.Filter{
		ID:             in.GetId(),
		Group:          in.GetGroup(),
		Provider:       in.GetProvider(),
		APIKey:         in.GetApiKey(),
		Outcome:        in.GetOutcome(),
		Status:         int(in.GetStatus()),
		Model:          in.GetModel(),
		Node:           in.GetNode(),
		MinDuration:    in.GetMinDuration().AsDuration(),
		AttemptOutcome: in.GetAttemptOutcome(),
		Failed:         in.GetFailed(),
		FailedOver:     in.GetFailedOver(),

		ClientRequestID: in.GetClientRequestId(),
		TraceID:         in.GetTraceId(),
		User:            in.GetUser(),
		Metadata:        in.GetMetadata(),
	}
	if in != nil {
		f.Stream = in.Stream
	}
	violations := append(checkOutcome("outcome", f.Outcome), checkOutcome("attempt_outcome", f.AttemptOutcome)...)
	fault := func(field, description string) {
		violations = append(violations, errs.Violation{Field: "filter." + field, Description: description})
	}
	for _, text := range []struct{ field, value string }{
		{"id", f.ID}, {"group", f.Group}, {"provider", f.Provider}, {"api_key", f.APIKey}, {"model", f.Model}, {"node", f.Node},
		{"client_request_id", f.ClientRequestID}, {"user", f.User}, {"metadata", f.Metadata},
	} {
		if !storable(text.value) {
			fault(text.field, "must not contain NUL characters")
		}
	}
	if f.Status != 0 && (f.Status < 100 || f.Status > 599) {
		fault("status", "must be an HTTP status from 100 to 599")
	}
	if d := in.GetMinDuration(); d != nil && (d.CheckValid() != nil || f.MinDuration < 0) {
		fault("min_duration", "must not be negative")
	}
	if in.GetMinCost() != "" {
		var err error
		if f.MinCost, err = usage.ParsePico(in.GetMinCost()); err != nil {
			fault("min_cost", err.Error())
		}
	}
	for _, bound := range []struct {
		field string
		value *timestamppb.Timestamp
	}{{"start_time", in.GetStartTime()}, {"end_time", in.GetEndTime()}} {
		if bound.value != nil && bound.value.CheckValid() != nil {
			fault(bound.field, "must be a time from year 1 to 9999")
		}
	}
	if len(violations) > 0 {
		return f, errs.Invalid(violations...)
	}
	if in.GetStartTime() != nil {
		f.From = in.GetStartTime().AsTime()
	}
	if in.GetEndTime() != nil {
		f.To = in.GetEndTime().AsTime()
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		return f, errs.Invalid(errs.Violation{Field: "filter.end_time", Description: "must be after start_time"})
	}
	return f, nil
}

// storable reports whether a database can hold s: PostgreSQL refuses NUL in text.
func storable(s string) bool { return !strings.Contains(s, "\x00") }

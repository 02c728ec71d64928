package main

import (
	"context"
	"strconv"

	"connectrpc.com/connect/v2"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

type signedInKey struct{}

type (
	sessions struct {
		adminv1connect.UnimplementedSessionServiceHandler
	}
	providers struct {
		adminv1connect.UnimplementedProviderServiceHandler
	}
	groups struct {
		adminv1connect.UnimplementedGroupServiceHandler
	}
	keys struct {
		adminv1connect.UnimplementedKeyServiceHandler
	}
	nodes struct {
		adminv1connect.UnimplementedNodeServiceHandler
	}
	calls struct {
		adminv1connect.UnimplementedCallServiceHandler
	}
	settings struct {
		adminv1connect.UnimplementedSettingsServiceHandler
	}
)

func (sessions) Login(ctx context.Context, req *adminv1.LoginRequest) (*adminv1.LoginResponse, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	switch {
	case req.GetUsername() == "throttled":
		info.ResponseHeader().Set("Retry-After", "42")
		return nil, connect.NewError(connect.CodeResourceExhausted, "too many tries")
	case req.GetUsername() != "admin" || req.GetPassword() != "password":
		return nil, connect.NewError(connect.CodeUnauthenticated, "user name or password is wrong")
	}
	info.ResponseHeader().Set("Set-Cookie", "session=in; Path=/; HttpOnly; SameSite=Lax")
	return &adminv1.LoginResponse{Username: req.GetUsername()}, nil
}

func (sessions) Logout(ctx context.Context, _ *adminv1.LogoutRequest) (*adminv1.LogoutResponse, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	info.ResponseHeader().Set("Set-Cookie", "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
	return &adminv1.LogoutResponse{}, nil
}

func (sessions) WhoAmI(ctx context.Context, _ *adminv1.WhoAmIRequest) (*adminv1.WhoAmIResponse, error) {
	if ctx.Value(signedInKey{}) == nil {
		return nil, connect.NewError(connect.CodeUnauthenticated, "sign in first")
	}
	return &adminv1.WhoAmIResponse{
		Username:        "admin",
		GatewayUrl:      "http://localhost:8001",
		Version:         "v0.1.0",
		DefaultPassword: scenario(ctx) == "default-password",
	}, nil
}

func (providers) ListProviders(ctx context.Context, req *adminv1.ListProvidersRequest) (*adminv1.ListProvidersResponse, error) {
	page, next := paged(madeProviders(scenario(ctx)), req.GetPageSize(), req.GetPageToken())
	return &adminv1.ListProvidersResponse{Providers: page, NextPageToken: next}, nil
}

func (groups) ListGroups(ctx context.Context, req *adminv1.ListGroupsRequest) (*adminv1.ListGroupsResponse, error) {
	page, next := paged(madeGroups(scenario(ctx)), req.GetPageSize(), req.GetPageToken())
	return &adminv1.ListGroupsResponse{Groups: page, NextPageToken: next}, nil
}

func (keys) ListApiKeys(ctx context.Context, req *adminv1.ListApiKeysRequest) (*adminv1.ListApiKeysResponse, error) {
	page, next := paged(madeKeys(scenario(ctx)), req.GetPageSize(), req.GetPageToken())
	return &adminv1.ListApiKeysResponse{ApiKeys: page, NextPageToken: next}, nil
}

func (nodes) ListNodes(ctx context.Context, _ *adminv1.ListNodesRequest) (*adminv1.ListNodesResponse, error) {
	return madeNodes(scenario(ctx)), nil
}

func (settings) GetSettings(context.Context, *adminv1.GetSettingsRequest) (*adminv1.GetSettingsResponse, error) {
	return &adminv1.GetSettingsResponse{Settings: &adminv1.Settings{}}, nil
}

func (calls) ListCalls(ctx context.Context, req *adminv1.ListCallsRequest) (*adminv1.ListCallsResponse, error) {
	var found []*adminv1.Call
	for _, c := range madeCalls(scenario(ctx)) {
		if matches(c, req.GetFilter()) {
			found = append(found, c)
		}
	}
	page, next := paged(found, req.GetPageSize(), req.GetPageToken())
	return &adminv1.ListCallsResponse{Calls: page, NextPageToken: next}, nil
}

func matches(c *adminv1.Call, req *adminv1.CallFilter) bool {
	tried := req.GetProvider() == ""
	for _, a := range c.GetAttempts() {
		tried = tried || a.GetProvider() == req.GetProvider()
	}
	return tried &&
		(req.GetGroup() == "" || req.GetGroup() == c.GetGroup()) &&
		(req.GetApiKey() == "" || req.GetApiKey() == c.GetApiKey()) &&
		(req.GetOutcome() == "" || req.GetOutcome() == c.GetOutcome())
}

func (calls) GetCall(ctx context.Context, req *adminv1.GetCallRequest) (*adminv1.GetCallResponse, error) {
	for _, c := range madeCalls(scenario(ctx)) {
		if c.GetId() == req.GetId() {
			return &adminv1.GetCallResponse{Call: c}, nil
		}
	}
	return nil, connect.NewError(connect.CodeNotFound, "there is no such call")
}

// paged cuts a page out of the list; a token is the position of its first item.
func paged[T any](all []T, size int32, token string) ([]T, string) {
	from, _ := strconv.Atoi(token)
	if size == 0 {
		size = 100
	}
	to := min(from+int(size), len(all))
	if to == len(all) {
		return all[from:to], ""
	}
	return all[from:to], strconv.Itoa(to)
}

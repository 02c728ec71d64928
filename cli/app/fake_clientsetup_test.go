package app_test

import (
	"context"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

type clientSetupFake struct {
	adminv1connect.UnimplementedClientSetupServiceHandler
}

// ListClientSetups knows the group pool, which the API key other may not use.
func (clientSetupFake) ListClientSetups(_ context.Context, req *adminv1.ListClientSetupsRequest) (*adminv1.ListClientSetupsResponse, error) {
	gateway, ok := clientsetup.Gateway(req.GetGatewayUrl())
	if !ok {
		return nil, connect.NewError(connect.CodeInvalidArgument, "gateway_url")
	}
	setups, err := clientsetup.Setups(gateway, req.GetGroup())
	if err != nil {
		return nil, err
	}
	for _, s := range setups {
		if req.GetGroup() != "pool" {
			s.Warnings = append(s.Warnings, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_UNKNOWN)
		}
		if req.GetApiKey() == "other" {
			s.Warnings = append(s.Warnings, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_NOT_ALLOWED)
		}
	}
	return &adminv1.ListClientSetupsResponse{ClientSetups: setups}, nil
}

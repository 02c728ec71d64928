package adminapi

import (
	"context"

	"connectrpc.com/connect/v2"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var errPending = connect.NewError(connect.CodeUnimplemented, "is not built yet")

func (*sessionService) ChangePassword(context.Context, *adminv1.ChangePasswordRequest) (*adminv1.ChangePasswordResponse, error) {
	return nil, errPending
}

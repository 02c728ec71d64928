package nodeapi

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

var errShuttingDown = status.Error(codes.Unavailable, "the control plane is shutting down")

// codesOf maps our codes to those of gRPC.
var codesOf = map[errs.Code]codes.Code{
	errs.InvalidArgument:    codes.InvalidArgument,
	errs.NotFound:           codes.NotFound,
	errs.AlreadyExists:      codes.AlreadyExists,
	errs.Conflict:           codes.Aborted,
	errs.FailedPrecondition: codes.FailedPrecondition,
	errs.Unauthenticated:    codes.Unauthenticated,
	errs.PermissionDenied:   codes.PermissionDenied,
	errs.ResourceExhausted:  codes.ResourceExhausted,
	errs.Unavailable:        codes.Unavailable,
}

// toStatus is the one place where errors become gRPC statuses. What is not safe to show
// becomes an internal error; the caller has logged it.
func toStatus(err error) error {
	if refusal, ok := errors.AsType[*nodeid.Refusal](err); ok {
		return refusal.GRPCStatus().Err()
	}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		if code, ok := codesOf[e.Code]; ok {
			shown := errs.Error{Message: e.Message, Violations: e.Violations}
			return status.Error(code, shown.Error())
		}
		return status.Error(codes.Internal, "internal error")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Internal, "internal error")
}

// ended says why a handler's context is over: we ended the stream, or the node left.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if _, ours := status.FromError(cause); ours {
		return cause
	}
	return status.FromContextError(ctx.Err()).Err()
}

// streamEnd turns the error that ended a stream's receiving side into the handler's:
// a node that closed its side did so on purpose.
func streamEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

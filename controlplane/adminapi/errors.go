package adminapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// errorMapper turns the errors of handlers into Connect errors; nothing else does.
type errorMapper struct{ log *slog.Logger }

func (m *errorMapper) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		info, ok := connect.CallInfoForServerContext(ctx)
		if !ok {
			return errors.New("admin API: call without call info")
		}
		id := requestID(info)
		audit.From(ctx).Amend(func(e *audit.Event) { e.RequestID = id })
		log := m.log.With("procedure", spec.Procedure, "request_id", id)
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // the value net/http itself compares with
					panic(v)
				}
				log.ErrorContext(ctx, "admin API call panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				err = errInternal
			}
		}()
		return toConnect(ctx, log, info.ResponseHeader(), next(ctx, spec, stream))
	}
}

// requestID makes an id for the call and tells the caller.
func requestID(info *connect.CallInfo) string {
	id := uuid.Must(uuid.NewV7()).String()
	info.ResponseHeader().Set("X-Request-Id", id)
	return id
}

// errInternal is all that a caller learns of an error that is our fault.
var errInternal = connect.NewError(connect.CodeInternal, "internal error")

// toConnect maps err. An error that is a Connect error already was made by the
// transport while it read the request, so it says what is wrong with the request.
func toConnect(ctx context.Context, log *slog.Logger, header *connect.Header, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*connect.Error](err); ok {
		return err
	}
	switch ctx.Err() { //nolint:errorlint // a context returns exactly these
	case context.Canceled:
		return connect.NewError(connect.CodeCanceled, "the client disconnected").WithCause(err)
	case context.DeadlineExceeded:
		return connect.NewError(connect.CodeDeadlineExceeded, "the client's deadline has passed").WithCause(err)
	}
	code := connect.CodeInternal
	ours, ok := errors.AsType[*errs.Error](err)
	if ok {
		code = connectCode(ours.Code)
	}
	if code == connect.CodeInternal {
		log.ErrorContext(ctx, "admin API call failed", "error", err)
		return errInternal
	}
	if ours.Code == errs.Unavailable {
		log.WarnContext(ctx, "admin API call failed: unavailable", "error", err)
	}
	mapped := connect.NewError(code, ours.Message).WithCause(err)
	if ours.Code == errs.Unauthenticated {
		header.Set("WWW-Authenticate", `Bearer realm="trunkline"`)
	}
	if len(ours.Violations) > 0 {
		mapped = withDetail(mapped, badRequest(ours.Violations))
	}
	if why, ok := errors.AsType[reason](err); ok {
		mapped = withDetail(mapped, &errdetails.ErrorInfo{Reason: string(why), Domain: "trunkline"})
	}
	if wait, ok := errors.AsType[*retryLater](err); ok {
		header.Set("Retry-After", wait.seconds())
		mapped = withDetail(mapped, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait.after)})
	}
	return mapped
}

func connectCode(code errs.Code) connect.Code {
	switch code {
	case errs.InvalidArgument:
		return connect.CodeInvalidArgument
	case errs.NotFound:
		return connect.CodeNotFound
	case errs.AlreadyExists:
		return connect.CodeAlreadyExists
	case errs.Conflict:
		return connect.CodeAborted
	case errs.FailedPrecondition:
		return connect.CodeFailedPrecondition
	case errs.Unauthenticated:
		return connect.CodeUnauthenticated
	case errs.PermissionDenied:
		return connect.CodePermissionDenied
	case errs.ResourceExhausted:
		return connect.CodeResourceExhausted
	case errs.Unavailable:
		return connect.CodeUnavailable
	default:
		return connect.CodeInternal
	}
}

func badRequest(violations []errs.Violation) *errdetails.BadRequest {
	detail := &errdetails.BadRequest{
		FieldViolations: make([]*errdetails.BadRequest_FieldViolation, len(violations)),
	}
	for i, v := range violations {
		detail.FieldViolations[i] = &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Description}
	}
	return detail
}

// withDetail attaches detail; one that cannot be encoded is left out, the error itself matters more.
func withDetail(err *connect.Error, detail proto.Message) *connect.Error {
	encoded, encodeErr := connectproto.NewErrorDetail(detail)
	if encodeErr != nil {
		return err
	}
	return err.WithDetail(encoded)
}

// retryLater is the cause of an error that ends by itself after a while.
type retryLater struct{ after time.Duration }

func (r *retryLater) Error() string { return "retry in " + r.after.String() }

// seconds is the wait as Retry-After says it.
func (r *retryLater) seconds() string {
	return strconv.FormatFloat(math.Ceil(r.after.Seconds()), 'f', 0, 64)
}

package exit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func TestCode(t *testing.T) {
	t.Parallel()
	of := func(c connect.Code) error { return connect.NewError(c, "x") }
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{of(connect.CodeInternal), 1},
		{of(connect.CodeUnknown), 1},
		{of(connect.CodeDataLoss), 1},
		{of(connect.CodeUnimplemented), 1},
		{exit.Usagef("x"), 2},
		{exit.AsUsage(of(connect.CodeNotFound)), 2},
		{of(connect.CodeNotFound), 3},
		{fmt.Errorf("get: %w", of(connect.CodeNotFound)), 3},
		{of(connect.CodeAlreadyExists), 4},
		{of(connect.CodeAborted), 4},
		{of(connect.CodeInvalidArgument), 5},
		{of(connect.CodeFailedPrecondition), 5},
		{of(connect.CodeOutOfRange), 5},
		{of(connect.CodeUnauthenticated), 6},
		{of(connect.CodePermissionDenied), 6},
		{of(connect.CodeUnavailable), 7},
		{of(connect.CodeDeadlineExceeded), 7},
		{of(connect.CodeResourceExhausted), 7},
		{fmt.Errorf("x.yaml: %w", errs.Invalid()), 5},
		{exit.ErrDifferences, 8},
		{exit.NotReachedf("x"), 9},
		{of(connect.CodeCanceled), 130},
		{fmt.Errorf("x: %w", context.Canceled), 130},
	} {
		if got := exit.Code(tc.err); got != tc.want {
			t.Errorf("Code(%v) = %d, want %d", tc.err, got, tc.want)
		}
		if !strings.Contains(exit.Help, fmt.Sprintf("\n  %-5d", tc.want)) {
			t.Errorf("the help does not document %d", tc.want)
		}
	}
}

func detail(t *testing.T, m proto.Message) *connect.ErrorDetail {
	t.Helper()
	d, err := connectproto.NewErrorDetail(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReport(t *testing.T) {
	t.Parallel()
	violations := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "group.members[1].provider", Description: "provider \"x\" does not\nexist\x1b[2J"},
		{Field: "group.name", Description: "is taken"},
	}}
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"differences are no error", exit.ErrDifferences, ""},
		{"plain", errors.New("open x: no such file"), "ctl: open x: no such file\n"},
		{"one line, no control characters", errors.New("a\nb\x1b[31mc\u009b"), "ctl: a b [31mc \n"},
		{"class and message", connect.NewError(connect.CodeAlreadyExists, "group \"g\" exists"), "ctl: already exists: group \"g\" exists\n"},
		{"class alone", connect.NewError(connect.CodeInternal, ""), "ctl: internal\n"},
		{"fields, other details passed over",
			connect.NewError(connect.CodeInvalidArgument, "invalid request").
				WithDetail(detail(t, &errdetails.Help{})).WithDetail(&connect.ErrorDetail{}).WithDetail(detail(t, violations)),
			"ctl: invalid argument: invalid request\n  group.members[1].provider: provider \"x\" does not exist [2J\n  group.name: is taken\n"},
		{"interrupted", fmt.Errorf("get: %w", context.Canceled), "ctl: interrupted\n"},
		{"a fault in a file", fmt.Errorf("x.yaml: %w", errs.Invalid(errs.Violation{Field: "line 3: name", Description: "is missing"})),
			"ctl: x.yaml: invalid request\n  line 3: name: is missing\n"},
		{"signing in", fmt.Errorf("%w as me: %w", exit.ErrSignIn, connect.NewError(connect.CodeUnauthenticated, "wrong")),
			"ctl: sign in as me: unauthenticated: wrong\n"},
		{"too late", connect.NewError(connect.CodeDeadlineExceeded, ""),
			"ctl: deadline exceeded\n--timeout is the longest time for one request.\n"},
		{"usage", exit.Usagef("no"), "ctl: no\nRun 'ctl --help', or any command with --help, for usage.\n"},
		{"not signed in", connect.NewError(connect.CodeUnauthenticated, "no token"),
			"ctl: unauthenticated: no token\n" +
				"Run 'ctl login', or give a token with --token-file or in $TRUNKLINE_TOKEN.\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			exit.Report(&out, "ctl", tc.err)
			if out.String() != tc.want {
				t.Errorf("printed %q, want %q", out.String(), tc.want)
			}
		})
	}
}

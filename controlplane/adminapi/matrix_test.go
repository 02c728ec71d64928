package adminapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// methods are all methods of all services of trunkline.admin.v1.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage("trunkline.admin.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				all = append(all, f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("found %d methods only", len(all))
	}
	return all
}

// pending are the methods for signed-in users only, which refuse tokens, and those that need an identity provider.
func pending(m protoreflect.MethodDescriptor) bool {
	return slices.Contains([]protoreflect.Name{"ChangePassword", "Reauthenticate", "BeginTotp", "ConfirmTotp", "DisableTotp", "BeginOidc"}, m.Name())
}

func procedure(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// invoke calls a method with an empty request.
func (c *client) invoke(t *testing.T, m protoreflect.MethodDescriptor) error {
	t.Helper()
	spec := connect.Spec{StreamType: connect.StreamTypeUnary, Schema: m, Procedure: procedure(m)}
	if m.IsStreamingServer() {
		return c.open(t, m, spec)
	}
	return c.conn.CallUnary(t.Context(), spec, dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output()))
}

// open calls a method that streams, and waits for its first message or its end; one that
// is silent, as a tail without calls is, has taken the request.
func (c *client) open(t *testing.T, m protoreflect.MethodDescriptor, spec connect.Spec) error {
	t.Helper()
	spec.StreamType = connect.StreamTypeServer
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	stream, err := c.conn.CallServerStream(ctx, spec, dynamicpb.NewMessage(m.Input()))
	if err != nil {
		return err
	}
	if err := stream.Receive(dynamicpb.NewMessage(m.Output())); err != nil && !errors.Is(err, io.EOF) && connect.CodeOf(err) != connect.CodeDeadlineExceeded {
		return err
	}
	return nil
}

func TestEveryMethodButLoginNeedsAnIdentity(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	expired := ok(admin.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{
		Name: "expired", ExpireTime: timestamppb.New(e.clock.Now().Add(time.Hour)),
	}}))(t).GetSecret()
	deleted := admin.bearer(t, "deleted")
	ok(admin.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "deleted"}))(t)
	valid := admin.bearer(t, "valid")
	e.clock.Advance(time.Hour)

	strangers := map[string]header{
		"nothing":                 {},
		"an expired token":        {"Authorization": "Bearer " + expired},
		"a deleted token":         {"Authorization": "Bearer " + deleted},
		"an unknown token":        {"Authorization": "Bearer tlat_" + strings.Repeat("A", 52)},
		"a cut token":             {"Authorization": "Bearer " + valid[:len(valid)-1]},
		"an empty token":          {"Authorization": "Bearer "},
		"another scheme":          {"Authorization": "Basic " + valid},
		"a token without scheme":  {"Authorization": valid},
		"the hash of nothing":     {"Cookie": "trunkline_session="},
		"a made-up cookie":        {"Cookie": "trunkline_session=" + strings.Repeat("A", 43)},
		"a secure cookie on http": {"Cookie": "__Host-trunkline_session=" + strings.Repeat("A", 43)},
		"a token as a cookie":     {"Cookie": "trunkline_session=" + valid},
	}
	protocols := map[string][]connecthttp.Option{
		"connect": nil,
		"grpc":    {connecthttp.WithGRPC(), connecthttp.WithSendCodec(connect.CodecNameProto)},
		"grpcweb": {connecthttp.WithGRPCWeb()},
	}
	revision := e.backend.live.Current().Revision
	for who, h := range strangers {
		for protocol, options := range protocols {
			t.Run(who+" over "+protocol, func(t *testing.T) {
				t.Parallel()
				c := e.client(t, h, options...)
				for _, m := range methods(t) {
					if rolename.BeforeSignIn(m) && m.Name() != "Login" {
						continue // see the tests of OIDC
					}
					want := connect.CodeUnauthenticated
					if m.FullName() == "trunkline.admin.v1.SessionService.Login" {
						want = connect.CodeInvalidArgument // it looked at the request: nothing in it
					}
					if got := connect.CodeOf(c.invoke(t, m)); got != want {
						t.Errorf("%s: %s, want %s", procedure(m), got, want)
					}
				}
			})
		}
	}
	t.Cleanup(func() {
		if got := e.backend.live.Current().Revision; got != revision {
			t.Errorf("the revision went from %d to %d", revision, got)
		}
	})
}

func TestEveryMethodIsServed(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := header{"Authorization": "Bearer " + e.admin(t).bearer(t, "ci")}
	for _, m := range methods(t) {
		if pending(m) || m.Name() == "Logout" /* it deletes the token; see TestLogout */ {
			continue
		}
		// An empty request is fine for some and incomplete for the others; nothing is being tried that could be decided.
		err := e.client(t, token).invoke(t, m)
		undecided := connect.CodeOf(err) == connect.CodeFailedPrecondition && m.Parent().Name() == "RolloutService"
		if code := connect.CodeOf(err); err != nil && code != connect.CodeInvalidArgument && !undecided {
			t.Errorf("%s: %v", procedure(m), err)
		}
	}
}

// A browser follows links with the session cookie, so nothing that changes state may
// answer to GET.
func TestOnlyReadsAnswerToGET(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	for _, m := range methods(t) {
		name := string(m.Name())
		reads := strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Get") && name != "GetCallBody" /* it is noted who does */ || slices.Contains([]string{"WhoAmI", "ExportConfig", "DiffRevisions", "ExplainGroup", "ExplainGroups", "DryRunFailureKeyword", "SummarizeUsage", "BreakDownUsage", "BreakDownAttempts", "VerifyAuditEvents"}, name)
		declared := m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
		if reads != declared {
			t.Errorf("%s: declared without side effects: %t", name, declared)
		}
		status, _ := admin.get(t, e.url+procedure(m)+"?connect=v1&encoding=json&message=%7B%7D", nil)
		switch {
		case pending(m):
		case !reads && status != http.StatusMethodNotAllowed:
			t.Errorf("GET %s: status %d, want 405", name, status)
		case reads && status != http.StatusOK && status != http.StatusBadRequest:
			t.Errorf("GET %s: status %d", name, status)
		}
	}
}

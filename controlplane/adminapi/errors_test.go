package adminapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// brokenCalls is a call log whose every reading ends as told.
type brokenCalls struct {
	adminapi.Calls
	get func(ctx context.Context, id string) error
}

func (b brokenCalls) GetCall(ctx context.Context, id string) (calllog.Call, error) {
	return calllog.Call{}, b.get(ctx, id)
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	const leak = "dial tcp 10.0.0.5: password=hunter2"
	tests := map[string]struct {
		err     error
		code    connect.Code
		message string
		logged  bool
	}{
		"invalid":       {errs.Newf(errs.InvalidArgument, "fix it"), connect.CodeInvalidArgument, "fix it", false},
		"not found":     {errs.Newf(errs.NotFound, "gone"), connect.CodeNotFound, "gone", false},
		"exists":        {errs.Newf(errs.AlreadyExists, "taken"), connect.CodeAlreadyExists, "taken", false},
		"conflict":      {errs.Newf(errs.Conflict, "read again"), connect.CodeAborted, "read again", false},
		"precondition":  {errs.Newf(errs.FailedPrecondition, "in use"), connect.CodeFailedPrecondition, "in use", false},
		"unknown":       {errs.Newf(errs.Unauthenticated, "who?"), connect.CodeUnauthenticated, "who?", false},
		"denied":        {errs.Newf(errs.PermissionDenied, "no"), connect.CodePermissionDenied, "no", false},
		"exhausted":     {errs.Newf(errs.ResourceExhausted, "slow down"), connect.CodeResourceExhausted, "slow down", false},
		"unavailable":   {errs.Wrap(errs.Unavailable, errors.New(leak), "the database is away"), connect.CodeUnavailable, "the database is away", true},
		"wrapped":       {fmt.Errorf("list calls: %w", errs.Newf(errs.NotFound, "gone")), connect.CodeNotFound, "gone", false},
		"internal":      {errs.Wrap(errs.Internal, errors.New(leak), "the message stays in the log"), connect.CodeInternal, "internal error", true},
		"no code":       {errors.New(leak), connect.CodeInternal, "internal error", true},
		"made-up code":  {errs.Newf("teapot", "short and stout"), connect.CodeInternal, "internal error", true},
		"not our end":   {context.Canceled, connect.CodeInternal, "internal error", true},
		"another's end": {fmt.Errorf("query: %w", context.DeadlineExceeded), connect.CodeInternal, "internal error", true},
	}
	e := start(t, func(c *adminapi.Config) {
		c.Calls = brokenCalls{get: func(_ context.Context, id string) error { return tests[id].err }}
	})
	c := e.admin(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, info := connect.NewClientContext(t.Context())
			_, err := c.calls.GetCall(ctx, &adminv1.GetCallRequest{Id: name})
			if got := wantCode(t, err, tt.code); got.Message() != tt.message {
				t.Errorf("message %q, want %q", got.Message(), tt.message)
			}
			if strings.Contains(e.seen.String(), "hunter2") {
				t.Error("the cause was shown")
			}
			id := info.ResponseHeader().Get("X-Request-Id")
			logged := strings.Contains(e.logs.String(), "procedure=/trunkline.admin.v1.CallService/GetCall request_id="+id)
			if id == "" || logged != tt.logged {
				t.Errorf("request %q is in the log: %t, want %t", id, logged, tt.logged)
			}
		})
	}
}

func TestPanicsAreOurFault(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) {
		c.Calls = brokenCalls{get: func(context.Context, string) error { panic("the handler slipped") }}
	})
	c := e.admin(t)
	_, err := c.calls.GetCall(t.Context(), &adminv1.GetCallRequest{Id: "x"})
	if got := wantCode(t, err, connect.CodeInternal); got.Message() != "internal error" {
		t.Errorf("message %q", got.Message())
	}
	if !strings.Contains(e.logs.String(), "the handler slipped") || !strings.Contains(e.logs.String(), "errors_test.go") {
		t.Errorf("the log does not say where:\n%s", e.logs)
	}
	ok(c.whoAmI(t))(t)
}

func TestHandlersHonourTheDeadline(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) {
		c.Calls = brokenCalls{get: func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return errs.Wrap(errs.Unavailable, ctx.Err(), "the database did not answer")
		}}
	})
	c := e.admin(t)
	res, body := c.post(t, e.url+"/trunkline.admin.v1.CallService/GetCall", `{"id":"x"}`, header{"Connect-Timeout-Ms": "30"})
	if got := decodeError(t, body); got.Code != "deadline_exceeded" {
		t.Errorf("status %d: %+v", res.StatusCode, got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := c.calls.GetCall(ctx, &adminv1.GetCallRequest{Id: "x"})
	wantCode(t, err, connect.CodeDeadlineExceeded)
}

func TestConfigMustBeComplete(t *testing.T) {
	t.Parallel()
	e := start(t)
	whole := adminapi.Config{
		Live: e.backend.live, Editor: e.backend.editor, History: config.NewHistory(e.backend.live), Calls: e.backend.calls, Gaps: e.backend.gaps, Bodies: adminapi.Bodies{Store: store.NewBodies(e.backend.db), Sealer: secrets.Bodies(e.backend.sealer)}, Sealer: e.backend.sealer, Usage: store.NewUsage(e.backend.db), Access: e.backend.access, Audit: e.backend.recorder, Nodes: nodes(nil), MasterKeys: e.backend.masterKeys, Cooldowns: &resets{}, Importer: e.importer(t), Alerts: e.alerts(t),
		AdminUsername: "a", AdminPassword: "b", Logger: e.logger(),
	}
	if err := whole.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*adminapi.Config){
		"Live":       func(c *adminapi.Config) { c.Live = nil },
		"Calls":      func(c *adminapi.Config) { c.Calls = nil },
		"Bodies":     func(c *adminapi.Config) { c.Bodies = adminapi.Bodies{} },
		"Usage":      func(c *adminapi.Config) { c.Usage = nil },
		"MasterKeys": func(c *adminapi.Config) { c.MasterKeys = nil },
		"Sealer":     func(c *adminapi.Config) { c.Sealer = nil },
		"Access":     func(c *adminapi.Config) { c.Access = nil },
		"Audit":      func(c *adminapi.Config) { c.Audit = nil },
		"Nodes":      func(c *adminapi.Config) { c.Nodes = nil },
		"Cooldowns":  func(c *adminapi.Config) { c.Cooldowns = nil },
		"Importer":   func(c *adminapi.Config) { c.Importer = nil },
		"name":       func(c *adminapi.Config) { c.AdminUsername = "" },
		"password":   func(c *adminapi.Config) { c.AdminPassword = "" },
		"Logger":     func(c *adminapi.Config) { c.Logger = nil },
	} {
		cfg := whole
		spoil(&cfg)
		if _, err := adminapi.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}

func TestNodesAreListedInNameOrder(t *testing.T) {
	t.Parallel()
	given := nodes{{Name: "node-b", Connected: true, AppliedRevision: 3}, {Name: "node-a", Error: "bad regexp"}}
	e := start(t, func(c *adminapi.Config) { c.Nodes = given })
	c := e.admin(t)
	c.createGroup(t, &adminv1.Group{Name: "g"})
	res := ok(c.nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{}))(t)
	if res.GetRevision() != 1 || len(res.GetNodes()) != 2 || res.GetNodes()[0].GetError() != "bad regexp" || res.GetNodes()[1].GetAppliedRevision() != 3 {
		t.Errorf("nodes %v", res)
	}
	if given[0].GetName() != "node-b" {
		t.Error("listing sorted the registry's own slice")
	}
}

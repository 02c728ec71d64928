package adminapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestGRPCClient(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.admin(t).bearer(t, "grpc")
	conn, err := grpc.NewClient(strings.TrimPrefix(e.url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const service = "/trunkline.admin.v1.GroupService/"

	err = conn.Invoke(t.Context(), service+"ListGroups", &adminv1.ListGroupsRequest{}, &adminv1.ListGroupsResponse{})
	if status.Code(err) != codes.Unauthenticated {
		t.Fatalf("without a token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	var headers metadata.MD
	made := &adminv1.CreateGroupResponse{}
	err = conn.Invoke(ctx, service+"CreateGroup", &adminv1.CreateGroupRequest{Group: &adminv1.Group{Name: "pool"}}, made, grpc.Header(&headers))
	if err != nil || made.GetGroup().GetName() != "pool" {
		t.Fatalf("create: %v, %v", made, err)
	}
	if got := headers.Get("cache-control"); !slices.Equal(got, []string{"no-store"}) {
		t.Errorf("cache-control %q", got)
	}
	err = conn.Invoke(ctx, service+"CreateGroup", &adminv1.CreateGroupRequest{Group: &adminv1.Group{Name: " x"}}, &adminv1.CreateGroupResponse{})
	failure := status.Convert(err)
	if failure.Code() != codes.InvalidArgument || len(failure.Details()) != 1 {
		t.Fatalf("create: %v with %v", err, failure.Details())
	}
	if bad, ok := failure.Details()[0].(*errdetails.BadRequest); !ok || bad.GetFieldViolations()[0].GetField() != "group.name" {
		t.Errorf("details %v", failure.Details())
	}
	err = conn.Invoke(ctx, service+"UpdateGroup", &adminv1.UpdateGroupRequest{Group: &adminv1.Group{Name: "pool", Etag: "99"}}, &adminv1.UpdateGroupResponse{})
	if status.Code(err) != codes.Aborted {
		t.Errorf("stale etag: %v", err)
	}
	for _, unknown := range []string{service + "Rename", "/trunkline.admin.v1.NoService/List", "/grpc.health.v1.Health/Check"} {
		if err := conn.Invoke(ctx, unknown, &adminv1.ListGroupsRequest{}, &adminv1.ListGroupsResponse{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", unknown, err)
		}
	}
}

// What is no method is answered as an RPC is, and neither redirected nor taken for a page.
func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.client(t, nil)
	for _, path := range []string{
		"/trunkline.admin.v1.GroupService/Rename", "/trunkline.admin.v1.GroupService/", "/trunkline.admin.v1.GroupService/ListGroups/",
		"/trunkline.admin.v1.NoService/List", "/trunkline.admin.v9.GroupService/ListGroups", "//trunkline.admin.v1.GroupService/ListGroups",
		"/trunkline.admin.v1.GroupService//ListGroups", "/trunkline.admin.v1.GroupService/../GroupService/ListGroups", "/grpc.health.v1.Health/Check",
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodHead, http.MethodOptions} {
			req, err := http.NewRequestWithContext(t.Context(), method, e.url, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Opaque = "//" + req.URL.Host + path // as it is written
			res, body := c.do(t, req, header{"Content-Type": "application/json"})
			if res.StatusCode != http.StatusNotImplemented || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Cache-Control") != "no-store" ||
				method != http.MethodHead && !strings.Contains(body, `"code":"unimplemented"`) {
				t.Errorf("%s %s: %s %s %s", method, path, res.Status, res.Header.Get("Content-Type"), body)
			}
		}
	}
	if status, body := c.get(t, e.url+"/groups/a.b", nil); status != http.StatusNotFound || !strings.Contains(body, "404 page not found") { // of the test's own
		t.Errorf("a page: %d %s", status, body)
	}
}

func TestGRPCWebClient(t *testing.T) {
	t.Parallel()
	e := start(t)
	h := header{"Authorization": "Bearer " + e.admin(t).bearer(t, "web")}
	c := e.client(t, h, connecthttp.WithGRPCWeb())
	c.createGroup(t, &adminv1.Group{Name: "pool"})
	_, err := c.groups.CreateGroup(t.Context(), &adminv1.CreateGroupRequest{Group: &adminv1.Group{Name: "pool"}})
	wantCode(t, err, connect.CodeAlreadyExists)
}

// The console reads by GET; its answers must not stick in a cache.
func TestConnectGET(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.createGroup(t, &adminv1.Group{Name: "pool"})
	get := e.client(t, header{"Cookie": "trunkline_session=" + c.cookie(t, e)}, connecthttp.WithHTTPGet())
	ctx, info := connect.NewClientContext(t.Context())
	res := ok(get.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageSize: 5}))(t)
	if len(res.GetGroups()) != 1 {
		t.Errorf("groups %v", res.GetGroups())
	}
	sent, found := connecthttp.ClientInfoForContext(ctx)
	if !found || sent.HTTPMethod() != http.MethodGet || info.ResponseHeader().Get("Cache-Control") != "no-store" {
		t.Errorf("%s answered with Cache-Control %q", sent.HTTPMethod(), info.ResponseHeader().Get("Cache-Control"))
	}
}

func TestReflectionListsEveryService(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.admin(t).bearer(t, "grpcurl")
	list := func(h header) ([]protoreflect.FullName, error) {
		c := e.client(t, h, connecthttp.WithGRPC(), connecthttp.WithSendCodec(connect.CodecNameProto))
		stream := grpcreflect.NewClient(c.conn).NewStream(t.Context())
		defer stream.Close()
		return stream.ListServices()
	}
	if _, err := list(nil); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("without a token: %v", err)
	}
	got := ok(list(header{"Authorization": "Bearer " + token}))(t)
	for _, m := range methods(t) {
		if !slices.Contains(got, m.Parent().FullName()) {
			t.Errorf("%s is not listed in %q", m.Parent().FullName(), got)
		}
	}
}

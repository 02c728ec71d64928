package app_test

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	goodToken  = "tl-token"
	goodCookie = "session=abc"
)

// fake is an admin API of a few lines, to see what the program sends and how it
// shows what comes back. e2e/cli tests against the real one.
type fake struct {
	adminv1connect.UnimplementedKeyServiceHandler
	adminv1connect.UnimplementedTokenServiceHandler

	mu        sync.Mutex
	revision  int
	providers map[string]*adminv1.Provider
	groups    map[string]*adminv1.Group
	keys      map[string]*adminv1.ApiKey
	settings  *adminv1.Settings
	log       []string // procedures called, and with what identity
}

func newFake() (*fake, http.Handler) {
	f := &fake{
		providers: map[string]*adminv1.Provider{}, groups: map[string]*adminv1.Group{}, keys: map[string]*adminv1.ApiKey{},
		settings: &adminv1.Settings{Etag: "1"},
	}
	server := connect.NewServer(f.authenticate)
	adminv1connect.RegisterProviderServiceHandler(server, providerFake{fake: f})
	adminv1connect.RegisterGroupServiceHandler(server, groupFake{fake: f})
	adminv1connect.RegisterKeyServiceHandler(server, f)
	adminv1connect.RegisterSettingsServiceHandler(server, settingsFake{fake: f})
	adminv1connect.RegisterCallServiceHandler(server, callFake{})
	adminv1connect.RegisterNodeServiceHandler(server, nodeFake{})
	adminv1connect.RegisterTokenServiceHandler(server, f)
	adminv1connect.RegisterSessionServiceHandler(server, sessionFake{fake: f})
	adminv1connect.RegisterConfigServiceHandler(server, configFake{fake: f})
	adminv1connect.RegisterClientSetupServiceHandler(server, clientSetupFake{})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	mux.HandleFunc("GET /log", f.showLog)
	return f, mux
}

// showLog gives the calls so far, for scripts to look at.
func (f *fake) showLog(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _ = w.Write([]byte(strings.Join(f.log, "\n") + "\n"))
}

func (f *fake) authenticate(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		info, _ := connect.CallInfoForServerContext(ctx)
		method := spec.Procedure[strings.LastIndex(spec.Procedure, "/")+1:]
		who := "nobody"
		switch {
		case info.RequestHeader().Get("Authorization") == "Bearer "+goodToken:
			who = "token"
		case info.RequestHeader().Get("Cookie") == goodCookie:
			who = "session"
		}
		f.mu.Lock()
		f.log = append(f.log, method+" by "+who+" with "+info.RequestHeader().Get("User-Agent"))
		f.mu.Unlock()
		if who == "nobody" && method != "Login" {
			return connect.NewError(connect.CodeUnauthenticated, "sign in first")
		}
		return next(ctx, spec, stream)
	}
}

// next counts the revision up and gives it as an etag.
func (f *fake) next() string {
	f.revision++
	return strconv.Itoa(f.revision)
}

func notFound(kind, name string) error {
	return connect.Errorf(connect.CodeNotFound, "%s %q does not exist", kind, name)
}

func stale(etag string, present string) error {
	if etag != "" && etag != present {
		return connect.Errorf(connect.CodeAborted, "it was changed at revision %s, and the update is based on %s", present, etag)
	}
	return nil
}

// masked is doc or, with a mask, the present document with what the mask names from doc.
func masked[M proto.Message](present, doc M, mask *fieldmaskpb.FieldMask) M {
	if len(mask.GetPaths()) == 0 {
		return doc
	}
	merged := proto.CloneOf(present)
	for _, path := range mask.GetPaths() {
		to, from := merged.ProtoReflect(), doc.ProtoReflect()
		parents, last := strings.Split(path, "."), ""
		parents, last = parents[:len(parents)-1], parents[len(parents)-1]
		for _, name := range parents {
			field := to.Descriptor().Fields().ByTextName(name)
			to, from = to.Mutable(field).Message(), from.Get(field).Message()
		}
		if field := to.Descriptor().Fields().ByTextName(last); from.Has(field) {
			to.Set(field, from.Get(field))
		} else {
			to.Clear(field)
		}
	}
	return merged
}

func sorted[M any](m map[string]M) []M {
	names := slices.Sorted(maps.Keys(m))
	list := make([]M, len(names))
	for i, n := range names {
		list[i] = m[n]
	}
	return list
}

type providerFake struct {
	*fake
	adminv1connect.UnimplementedProviderServiceHandler
}

func (f providerFake) ListProviders(context.Context, *adminv1.ListProvidersRequest) (*adminv1.ListProvidersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &adminv1.ListProvidersResponse{Providers: sorted(f.providers)}, nil
}

func (f providerFake) GetProvider(_ context.Context, req *adminv1.GetProviderRequest) (*adminv1.GetProviderResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.providers[req.GetName()]
	if !ok {
		return nil, notFound("provider", req.GetName())
	}
	return &adminv1.GetProviderResponse{Provider: p}, nil
}

func (f providerFake) CreateProvider(_ context.Context, req *adminv1.CreateProviderRequest) (*adminv1.CreateProviderResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := proto.CloneOf(req.GetProvider())
	if _, ok := f.providers[p.GetName()]; ok {
		return nil, connect.Errorf(connect.CodeAlreadyExists, "provider %q exists", p.GetName())
	}
	if !strings.HasPrefix(p.GetBaseUrl(), "http") {
		err := connect.NewError(connect.CodeInvalidArgument, "invalid request")
		detail, _ := connectproto.NewErrorDetail(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "provider.base_url", Description: "must be a URL"}, {Field: "provider.models[0].id", Description: "is empty"},
		}})
		return nil, err.WithDetail(detail)
	}
	for _, c := range p.GetCredentials() {
		c.SecretHint = c.GetSecret()[max(0, len(c.GetSecret())-4):]
		c.Secret = ""
	}
	p.Etag, p.UpdateTime = f.next(), &timestamppb.Timestamp{Seconds: 1795431600}
	f.providers[p.GetName()] = p
	return &adminv1.CreateProviderResponse{Provider: p}, nil
}

func (f providerFake) UpdateProvider(_ context.Context, req *adminv1.UpdateProviderRequest) (*adminv1.UpdateProviderResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := proto.CloneOf(req.GetProvider())
	present, ok := f.providers[p.GetName()]
	if !ok {
		return nil, notFound("provider", p.GetName())
	}
	if err := stale(p.GetEtag(), present.GetEtag()); err != nil {
		return nil, err
	}
	p = masked(present, p, req.GetUpdateMask())
	p.Etag = f.next()
	f.providers[p.GetName()] = p
	return &adminv1.UpdateProviderResponse{Provider: p}, nil
}

func (f providerFake) DeleteProvider(_ context.Context, req *adminv1.DeleteProviderRequest) (*adminv1.DeleteProviderResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range sorted(f.groups) {
		for _, m := range g.GetMembers() {
			if m.GetProvider() == req.GetName() {
				return nil, connect.Errorf(connect.CodeFailedPrecondition, "group %q refers to provider %q", g.GetName(), req.GetName())
			}
		}
	}
	present, ok := f.providers[req.GetName()]
	if !ok {
		return nil, notFound("provider", req.GetName())
	}
	if err := stale(req.GetEtag(), present.GetEtag()); err != nil {
		return nil, err
	}
	delete(f.providers, req.GetName())
	return &adminv1.DeleteProviderResponse{}, nil
}

type groupFake struct {
	*fake
	adminv1connect.UnimplementedGroupServiceHandler
}

// ListGroups gives two groups a page at most, so that a list of five takes three.
func (f groupFake) ListGroups(_ context.Context, req *adminv1.ListGroupsRequest) (*adminv1.ListGroupsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := sorted(f.groups)
	from, _ := strconv.Atoi(req.GetPageToken())
	to := min(len(all), from+min(2, cmp.Or(int(req.GetPageSize()), 2)))
	out := &adminv1.ListGroupsResponse{Groups: all[from:to]}
	if to < len(all) {
		out.NextPageToken = strconv.Itoa(to)
	}
	return out, nil
}

func (f groupFake) GetGroup(_ context.Context, req *adminv1.GetGroupRequest) (*adminv1.GetGroupResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g, ok := f.groups[req.GetName()]
	if !ok {
		return nil, notFound("group", req.GetName())
	}
	return &adminv1.GetGroupResponse{Group: g}, nil
}

func (f groupFake) CreateGroup(_ context.Context, req *adminv1.CreateGroupRequest) (*adminv1.CreateGroupResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := proto.CloneOf(req.GetGroup())
	g.Etag = f.next()
	f.groups[g.GetName()] = g
	return &adminv1.CreateGroupResponse{Group: g}, nil
}

func (f groupFake) UpdateGroup(_ context.Context, req *adminv1.UpdateGroupRequest) (*adminv1.UpdateGroupResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := proto.CloneOf(req.GetGroup())
	if err := stale(g.GetEtag(), f.groups[g.GetName()].GetEtag()); err != nil {
		return nil, err
	}
	g = masked(f.groups[g.GetName()], g, req.GetUpdateMask())
	g.Etag = f.next()
	f.groups[g.GetName()] = g
	return &adminv1.UpdateGroupResponse{Group: g}, nil
}

func (f *fake) CreateApiKey(_ context.Context, req *adminv1.CreateApiKeyRequest) (*adminv1.CreateApiKeyResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, secret := proto.CloneOf(req.GetApiKey()), ""
	if k.GetSecret() == "" {
		secret = "sk-tl-generated-wxyz"
		k.Secret = secret
	}
	k.Prefix, k.LastFour, k.Secret = k.GetSecret()[:6], k.GetSecret()[len(k.GetSecret())-4:], ""
	k.State, k.Etag = adminv1.ApiKeyState_API_KEY_STATE_ACTIVE, f.next()
	f.keys[k.GetName()] = k
	return &adminv1.CreateApiKeyResponse{ApiKey: k, Secret: secret}, nil
}

// RevokeApiKey is confirmed by one of two nodes, unless the caller does not wait.
func (f *fake) RevokeApiKey(_ context.Context, req *adminv1.RevokeApiKeyRequest) (*adminv1.RevokeApiKeyResponse, error) {
	out := &adminv1.RevokeApiKeyResponse{ApiKey: &adminv1.ApiKey{Name: req.GetName()}}
	if req.GetWait() != nil {
		out.Receipt = &adminv1.RevocationReceipt{Confirmed: []string{"node-1"}, Unconfirmed: []*adminv1.UnconfirmedNode{{Name: "node-2", Connected: true}}}
	}
	return out, nil
}

func (f *fake) CreateToken(_ context.Context, req *adminv1.CreateTokenRequest) (*adminv1.CreateTokenResponse, error) {
	return &adminv1.CreateTokenResponse{Token: req.GetToken(), Secret: goodToken}, nil
}

type settingsFake struct {
	*fake
	adminv1connect.UnimplementedSettingsServiceHandler
}

func (f settingsFake) GetSettings(context.Context, *adminv1.GetSettingsRequest) (*adminv1.GetSettingsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &adminv1.GetSettingsResponse{Settings: f.settings}, nil
}

func (f settingsFake) UpdateSettings(_ context.Context, req *adminv1.UpdateSettingsRequest) (*adminv1.UpdateSettingsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := stale(req.GetSettings().GetEtag(), f.settings.GetEtag()); err != nil {
		return nil, err
	}
	f.settings = masked(f.settings, proto.CloneOf(req.GetSettings()), req.GetUpdateMask())
	f.settings.Etag = f.next()
	return &adminv1.UpdateSettingsResponse{Settings: f.settings}, nil
}

type sessionFake struct {
	*fake
	adminv1connect.UnimplementedSessionServiceHandler
}

func (f sessionFake) Login(ctx context.Context, req *adminv1.LoginRequest) (*adminv1.LoginResponse, error) {
	if req.GetUsername() != "admin" || req.GetPassword() != "correct horse" {
		return nil, connect.NewError(connect.CodeUnauthenticated, "user name or password is wrong")
	}
	info, _ := connect.CallInfoForServerContext(ctx)
	info.ResponseHeader().Set("Set-Cookie", goodCookie+"; Path=/; HttpOnly; Secure; SameSite=Lax")
	return &adminv1.LoginResponse{Username: "admin"}, nil
}

func (sessionFake) Logout(context.Context, *adminv1.LogoutRequest) (*adminv1.LogoutResponse, error) {
	return &adminv1.LogoutResponse{}, nil
}

func (sessionFake) WhoAmI(context.Context, *adminv1.WhoAmIRequest) (*adminv1.WhoAmIResponse, error) {
	return &adminv1.WhoAmIResponse{Username: "token:ci", Version: "v1"}, nil
}

package adminapi_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var roles = []adminv1.Role{adminv1.Role_ROLE_VIEWER, adminv1.Role_ROLE_OPERATOR, adminv1.Role_ROLE_OWNER}

// What a method needs is declared in its proto; one that declares nothing would be for owners only, which
// nobody meant.
func TestEveryMethodDeclaresItsRole(t *testing.T) {
	t.Parallel()
	for _, m := range methods(t) {
		declared := role.Required(m) != adminv1.Role_ROLE_UNSPECIFIED
		if declared == role.BeforeSignIn(m) {
			t.Errorf("%s: give it either required_role or before_sign_in in its proto", procedure(m))
		}
	}
}

// Every method, streams too, refuses each role below its own over every protocol, before it looks at the request.
func TestRolesAreEnforced(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	protocols := map[string][]connecthttp.Option{
		"connect": nil,
		"grpc":    {connecthttp.WithGRPC(), connecthttp.WithSendCodec(connect.CodecNameProto)},
	}
	for _, r := range roles {
		name := role.Name(r)
		token := header{"Authorization": "Bearer " + admin.bearerOf(t, name, r)}
		for protocol, options := range protocols {
			t.Run(name+" over "+protocol, func(t *testing.T) {
				t.Parallel()
				c := e.client(t, token, options...)
				for _, m := range methods(t) {
					if m.Name() == "Logout" {
						continue // it would delete the token
					}
					err := c.invoke(t, m)
					refused := connect.CodeOf(err) == connect.CodePermissionDenied && strings.HasPrefix(err.Error(), "permission_denied: this needs the ")
					if want := role.Required(m) > r; refused != want {
						t.Errorf("%s: %v, want a refusal: %t", procedure(m), err, want)
					}
				}
			})
		}
	}
}

func TestARefusalSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	e := start(t)
	viewer := e.client(t, header{"Authorization": "Bearer " + e.admin(t).bearerOf(t, "reader", adminv1.Role_ROLE_VIEWER)})
	_, err := viewer.groups.DeleteGroup(t.Context(), &adminv1.DeleteGroupRequest{Name: "g"})
	want := `this needs the operator role, but the token "reader" has the viewer role: use another token, or sign in`
	if got := wantCode(t, err, connect.CodePermissionDenied).Message(); got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if who := ok(viewer.whoAmI(t))(t); who.GetRole() != adminv1.Role_ROLE_VIEWER {
		t.Errorf("who am I: %v", who)
	}
}

func TestTokenRoles(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	create := func(c *client, token *adminv1.Token) (*adminv1.Token, error) {
		res, err := c.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: token})
		return res.GetToken(), err
	}
	if made := ok(create(admin, &adminv1.Token{Name: "unspecified"}))(t); made.GetRole() != adminv1.Role_ROLE_OPERATOR {
		t.Errorf("without a role it has %s", made.GetRole())
	}
	_, err := create(admin, &adminv1.Token{Name: "v", Role: adminv1.Role_ROLE_VIEWER, ReadBodies: true})
	if got := violations(t, err); len(got) != 1 || got[0] != "token.read_bodies: needs the operator role" {
		t.Errorf("violations %q", got)
	}
	_, err = create(admin, &adminv1.Token{Name: "v", Role: 17})
	if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "token.role: ") {
		t.Errorf("violations %q", got)
	}
}

// A token that ends cannot live on in another one.
func TestATokenMakesNoneThatLivesLonger(t *testing.T) {
	t.Parallel()
	e := start(t)
	end := e.clock.Now().Add(time.Hour)
	made := ok(e.admin(t).tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{
		Name: "short", Role: adminv1.Role_ROLE_OWNER, ExpireTime: timestamppb.New(end),
	}}))(t)
	short := e.client(t, header{"Authorization": "Bearer " + made.GetSecret()})
	create := func(name string, end *timestamppb.Timestamp) (*adminv1.CreateTokenResponse, error) {
		return short.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: name, ExpireTime: end}})
	}
	if got := ok(create("unsaid", nil))(t).GetToken().GetExpireTime().AsTime(); !got.Equal(end) {
		t.Errorf("without a time it ends at %v, want %v", got, end)
	}
	ok(create("sooner", timestamppb.New(end.Add(-time.Minute))))(t)
	_, err := create("later", timestamppb.New(end.Add(time.Microsecond)))
	if got := violations(t, err); len(got) != 1 || got[0] != "token.expire_time: must not be after that of the token that creates it" {
		t.Errorf("violations %q", got)
	}
}

// A diff tells whether a secret is the stored one: viewers must not guess passwords with it.
func TestViewersCompareNoSecrets(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	provider := func(secret string) *adminv1.Resource {
		return resource(&adminv1.Provider{Name: "p", BaseUrl: "https://here.example/v1", Credentials: []*adminv1.Credential{{Name: "c", Secret: secret}}})
	}
	diff := func(c *client, r *adminv1.Resource) (*adminv1.DiffConfigResponse, error) {
		return c.config.DiffConfig(t.Context(), &adminv1.DiffConfigRequest{Resources: []*adminv1.Resource{r}})
	}
	ok(admin.config.ApplyConfig(t.Context(), &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{provider("hunter2")}}))(t)
	viewer := e.client(t, header{"Authorization": "Bearer " + admin.bearerOf(t, "v", adminv1.Role_ROLE_VIEWER)})
	operator := e.client(t, header{"Authorization": "Bearer " + admin.bearerOf(t, "o", adminv1.Role_ROLE_OPERATOR)})
	for _, guess := range []string{"hunter1", "hunter2"} {
		_, err := diff(viewer, provider(guess))
		wantCode(t, err, connect.CodePermissionDenied)
		ok(diff(operator, provider(guess)))(t)
	}
	ok(diff(viewer, provider("")))(t)
}

// A token that may do less than its user ends neither their sessions nor their tokens that may do more.
func TestALesserTokenEndsNothingGreater(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin, ctx := e.admin(t), t.Context()
	for name, r := range map[string]adminv1.Role{"strong": adminv1.Role_ROLE_OWNER, "peer": adminv1.Role_ROLE_VIEWER} {
		admin.bearerOf(t, name, r)
	}
	viewer := e.client(t, header{"Authorization": "Bearer " + admin.bearerOf(t, "v", adminv1.Role_ROLE_VIEWER)})
	_, err := viewer.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "strong"})
	wantCode(t, err, connect.CodePermissionDenied)
	ok(viewer.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "peer"}))(t)
	_, err = viewer.users.RevokeAllSessions(ctx, &adminv1.RevokeAllSessionsRequest{})
	wantCode(t, err, connect.CodePermissionDenied)
	session := ok(viewer.users.ListSessions(ctx, &adminv1.ListSessionsRequest{}))(t).GetSessions()[0]
	_, err = viewer.users.RevokeSession(ctx, &adminv1.RevokeSessionRequest{Id: session.GetId()})
	wantCode(t, err, connect.CodePermissionDenied)
	ok(admin.whoAmI(t))(t)
}

package adminapi_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const bodyCanary = "a-prompt-canary-of-a-client"

// keepBody stores a body as the call log does.
func (e *env) keepBody(t *testing.T, id, apiKey string, body *nodev1.CallBody) {
	t.Helper()
	plain, err := proto.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	key, sealed, err := secrets.Bodies(e.backend.sealer).SealBody(plain, calllog.BodyBinding(id))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.NewBodies(e.backend.db).InsertBodies(t.Context(), []calllog.Body{{
		CallID: id, APIKey: apiKey, Start: e.clock.Now(), ExpiresAt: e.clock.Now().Add(time.Hour), Key: key, Ciphertext: sealed,
	}}); err != nil {
		t.Fatal(err)
	}
}

func TestBodyIsShownToWhomItMay(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	e.keepBody(t, callID(1), "app", &nodev1.CallBody{
		Request: []byte(bodyCanary), Response: []byte("answer \xff cut"), ResponseTruncated: true, Redacted: true,
		RequestHeaders: []*nodev1.Header{{Name: "User-Agent", Value: "codex"}}, ResponseHeaders: []*nodev1.Header{{Name: "Content-Type", Value: "text/plain"}},
	})
	plain := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "plain")})
	made := ok(admin.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "auditor", ReadBodies: true, Role: adminv1.Role_ROLE_OWNER}}))(t)
	if !made.GetToken().GetReadBodies() {
		t.Error("the token does not say that it may read bodies")
	}
	auditor := e.client(t, header{"Authorization": "Bearer " + made.GetSecret()})

	req := &adminv1.GetCallBodyRequest{Id: callID(1)}
	_, err := plain.calls.GetCallBody(t.Context(), req)
	wantCode(t, err, connect.CodePermissionDenied)
	ok(auditor.calls.GetCallBody(t.Context(), req))(t)
	e.clock.Advance(time.Minute)
	got := ok(admin.calls.GetCallBody(t.Context(), req))(t)
	now := e.clock.Now()
	want := &adminv1.GetCallBodyResponse{
		Body: &adminv1.CallBody{
			Request: bodyCanary, Response: "answer \uFFFD cut", ResponseTruncated: true, Redacted: true,
			ExpireTime:     timestamppb.New(now.Add(59 * time.Minute)),
			RequestHeaders: []*adminv1.CallHeader{{Name: "User-Agent", Value: "codex"}}, ResponseHeaders: []*adminv1.CallHeader{{Name: "Content-Type", Value: "text/plain"}},
		},
		Reads: []*adminv1.CallBodyRead{
			{ReadTime: timestamppb.New(now), Actor: "user:" + adminUser},
			{ReadTime: timestamppb.New(now.Add(-time.Minute)), Actor: "token:auditor"},
		},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	logs := e.logs.String()
	for _, line := range []string{`action=GetCallBody actor=token:auditor address=127.0.0.1 targets=[Call/` + callID(1) + `] revision=0 outcome=ok`,
		`action=GetCallBody actor=token:plain address=127.0.0.1 targets=[Call/` + callID(1) + `] revision=0 outcome=permission_denied`} {
		if !strings.Contains(logs, line) {
			t.Errorf("the log does not say %s", line)
		}
	}
	if strings.Contains(logs, bodyCanary) {
		t.Error("the log holds the body")
	}
	e.clock.Advance(time.Hour)
	_, err = admin.calls.GetCallBody(t.Context(), req)
	wantCode(t, err, connect.CodeNotFound)
	for _, id := range []string{callID(2), "a\x00b"} {
		_, err := admin.calls.GetCallBody(t.Context(), &adminv1.GetCallBodyRequest{Id: id})
		wantCode(t, err, connect.CodeNotFound)
	}
}

// TestATokenGivesNoMoreThanItHas: else every token could make itself one that reads bodies.
func TestATokenGivesNoMoreThanItHas(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	plain := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "plain")})
	_, err := plain.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "more", ReadBodies: true}})
	wantCode(t, err, connect.CodePermissionDenied)
	ok(plain.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "same"}}))(t)
	made := ok(admin.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "auditor", ReadBodies: true, Role: adminv1.Role_ROLE_OWNER}}))(t)
	auditor := e.client(t, header{"Authorization": "Bearer " + made.GetSecret()})
	ok(auditor.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "second", ReadBodies: true}}))(t)
}

// TestBodyOfAnotherCall: what was moved to another call in the database is not shown.
func TestBodyOfAnotherCall(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	key, sealed, err := secrets.Bodies(e.backend.sealer).SealBody([]byte(bodyCanary), calllog.BodyBinding(callID(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.NewBodies(e.backend.db).InsertBodies(t.Context(), []calllog.Body{{
		CallID: callID(2), Start: e.clock.Now(), ExpiresAt: e.clock.Now().Add(time.Hour), Key: key, Ciphertext: sealed,
	}}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.calls.GetCallBody(t.Context(), &adminv1.GetCallBodyRequest{Id: callID(2)})
	wantCode(t, err, connect.CodeInternal)
}

func TestBodiesOfAKeyAreDeleted(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	for i := range 501 { // more than one piece
		e.keepBody(t, callID(i), "leaver", &nodev1.CallBody{Request: []byte(bodyCanary)})
	}
	e.keepBody(t, callID(900), "stayer", &nodev1.CallBody{Request: []byte(bodyCanary)})
	for _, tt := range []struct {
		key  string
		want int64
	}{{"leaver", 501}, {"leaver", 0}, {"nobody", 0}, {"a\x00b", 0}} {
		if got := ok(admin.calls.DeleteCallBodies(t.Context(), &adminv1.DeleteCallBodiesRequest{ApiKey: tt.key}))(t).GetDeleted(); got != tt.want {
			t.Errorf("deleted %d bodies of %q, want %d", got, tt.key, tt.want)
		}
	}
	_, err := admin.calls.GetCallBody(t.Context(), &adminv1.GetCallBodyRequest{Id: callID(5)})
	wantCode(t, err, connect.CodeNotFound)
	ok(admin.calls.GetCallBody(t.Context(), &adminv1.GetCallBodyRequest{Id: callID(900)}))(t)
	_, err = admin.calls.DeleteCallBodies(t.Context(), &adminv1.DeleteCallBodiesRequest{})
	wantCode(t, err, connect.CodeInvalidArgument)
}

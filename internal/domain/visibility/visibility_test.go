package visibility_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func document() *adminv1.ApplyConfigRequest {
	return &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{
		{Spec: &adminv1.Resource_Provider{Provider: &adminv1.Provider{
			Name: "p", Uid: "u", Headers: map[string]string{"a": "b"},
			Credentials: []*adminv1.Credential{{Name: "c", Secret: "s", SecretHint: "hint", SecretRef: "ref"}},
		}}},
		{Spec: &adminv1.Resource_ApiKey{ApiKey: &adminv1.ApiKey{Name: "k", Secret: "s", SecretHash: []byte("h"), LastFour: "four"}}},
	}}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	settable, returned := document(), document()
	visibility.KeepSettable(settable)
	visibility.KeepReturned(returned)

	want := document()
	p, k := want.GetResources()[0].GetProvider(), want.GetResources()[1].GetApiKey()
	p.Uid, p.Credentials[0].SecretHint, p.Credentials[0].SecretRef = "", "", ""
	k.SecretHash, k.LastFour = nil, ""
	if diff := cmp.Diff(want, settable, protocmp.Transform()); diff != "" {
		t.Errorf("settable (-want +got):\n%s", diff)
	}
	want = document()
	p, k = want.GetResources()[0].GetProvider(), want.GetResources()[1].GetApiKey()
	p.Credentials[0].Secret, p.Credentials[0].SecretRef = "", ""
	k.Secret, k.SecretHash = "", nil
	if diff := cmp.Diff(want, returned, protocmp.Transform()); diff != "" {
		t.Errorf("returned (-want +got):\n%s", diff)
	}
}

func TestCarry(t *testing.T) {
	t.Parallel()
	to := &adminv1.ApiKey{Name: "new", Owner: "o", Prefix: "stale", OldLastFour: "gone"}
	from := &adminv1.ApiKey{Name: "old", Owner: "x", Secret: "s", Prefix: "sk", SecretHash: []byte("h")}
	visibility.Carry(to, from)
	want := &adminv1.ApiKey{Name: "new", Owner: "o", Prefix: "sk", SecretHash: []byte("h")}
	if !proto.Equal(to, want) {
		t.Errorf("carried %v, want %v", to, want)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	fields := (&adminv1.Credential{}).ProtoReflect().Descriptor().Fields()
	for name, want := range map[string][3]bool{
		"name": {true, true, false}, "secret": {true, false, true}, "secret_hint": {false, true, false}, "secret_ref": {false, false, false},
	} {
		f := fields.ByTextName(name)
		if got := [3]bool{visibility.Settable(f), visibility.Returned(f), visibility.Secret(f)}; got != want {
			t.Errorf("%s: settable, returned, secret %v, want %v", name, got, want)
		}
	}
}

package nodelink

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	plainKey      = "tl-plain-0123456789abcdef"
	restrictedKey = "tl-restricted-0123456789abcdef"
	pepper        = "sixteen bytes !!"
)

// withRestrictions is a configuration with a restriction on a key, a selection and a field
// of a policy that an older build does not know, next to documents that it does.
func withRestrictions(revision controlplane.Revision) *controlplane.Config {
	member := []*adminv1.Member{{Provider: "p", Model: "ok", Priority: 1}}
	key := func(name, secret string, ips ...string) *controlplane.Resource {
		hash := apikey.Hash([]byte(pepper), secret)
		return &controlplane.Resource{Kind: controlplane.KindAPIKey, Name: name, Spec: &adminv1.ApiKey{
			Name: name, SecretHash: hash[:], AllowedIps: ips, Groups: []string{"committed", "plain", "shared"},
		}}
	}
	group := func(name string, spec *adminv1.Group) *controlplane.Resource {
		spec.Name, spec.Members = name, member
		return &controlplane.Resource{Kind: controlplane.KindGroup, Name: name, Spec: spec}
	}
	return controlplane.NewConfig(revision, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindProvider, Name: "p", Spec: &adminv1.Provider{
			Name: "p", BaseUrl: "http://127.0.0.1:1/v1", Models: []*adminv1.Model{{Id: "ok"}},
		}},
		group("committed", &adminv1.Group{Policy: &adminv1.FailoverPolicy{StreamCommit: "complete"}}),
		group("plain", &adminv1.Group{}),
		group("shared", &adminv1.Group{Selection: "weighted"}),
		key("plain", plainKey),
		key("restricted", restrictedKey, "192.0.2.0/24"),
	}, nil)
}

// An older build of a node gets what is newer than itself: it serves the rest, refuses what
// it would serve wrongly, and the control plane shows which that is. A build that knows it
// all serves it all.
func TestAnOlderNodeRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	older := join(t, "older", lis.Addr().String(), func(u *uplink.Config) { u.Sync.Features = feature.Set{} })
	newer := join(t, "newer", lis.Addr().String(), nil)
	older.reaches(t, 1)
	newer.reaches(t, 1)
	cfg.publish(withRestrictions(2))
	older.reaches(t, 2)
	newer.reaches(t, 2)

	s := older.serving.Load()
	if _, ok := s.Key(restrictedKey); ok {
		t.Error("the key is served without its restriction")
	}
	if got := s.Unsupported(restrictedKey); !cmp.Equal(got, []string{feature.KeyAllowedIPs}) {
		t.Errorf("the key is refused for %v", got)
	}
	key, ok := s.Key(plainKey)
	if !ok || s.Unsupported(plainKey) != nil {
		t.Fatal("a key that needs nothing new is refused")
	}
	for name, missing := range map[string][]string{"plain": nil, "shared": {feature.SelectionWeighted}, "committed": {feature.StreamCommitAll}} {
		g, ok := s.Group(name)
		if !ok || !key.Allows(g) || !cmp.Equal(g.Unsupported, missing) || len(g.Members) > 0 != (missing == nil) {
			t.Errorf("group %q: %+v", name, g)
		}
	}
	if full := newer.serving.Load(); full.Unsupported(restrictedKey) != nil {
		t.Error("a node that knows the restriction refuses the key")
	} else if k, ok := full.Key(restrictedKey); !ok || len(k.AllowedIPs) != 1 {
		t.Errorf("a node that knows the restriction has %+v", k)
	}

	refused := []*adminv1.RefusedDocument{
		{Kind: "Group", Name: "committed", MissingFeatures: []string{feature.StreamCommitAll}},
		{Kind: "Group", Name: "shared", MissingFeatures: []string{feature.SelectionWeighted}},
		{Kind: "ApiKey", Name: "restricted", MissingFeatures: []string{feature.KeyAllowedIPs}},
	}
	shown := func(what string, revision uint64, want []*adminv1.RefusedDocument) {
		t.Helper()
		var diff string
		until(t, what, func() bool {
			nodes := c.nodes.Nodes() // newer, older
			if len(nodes) != 2 || nodes[0].GetAppliedRevision() != revision || nodes[1].GetAppliedRevision() != revision {
				return false
			}
			diff = cmp.Diff(want, nodes[1].GetRefusedDocuments(), protocmp.Transform())
			return diff == "" && int(nodes[1].GetRefusedDocumentCount()) == len(want) && nodes[1].GetError() == "" &&
				len(nodes[0].GetRefusedDocuments()) == 0
		})
		if diff != "" {
			t.Error(diff)
		}
	}
	shown("the list of nodes says what is refused", 2, refused)

	// A control plane that has restarted sends nothing, and knows it all the same.
	c.kill()
	c = serve(t, listen(t, lis.Addr().String()), cfg, newLedger())
	shown("the list of a new control plane says it too", 2, refused)

	cfg.publish(controlplane.NewConfig(3, "lineage", nil, nil))
	older.reaches(t, 3)
	shown("nothing is refused any more", 3, nil)
}

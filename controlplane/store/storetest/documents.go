package storetest

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// provider is a valid document. Its limit tells one version from another.
func provider(name string, limit int32, secretRefs ...string) *adminv1.Provider {
	p := &adminv1.Provider{
		Name: name, BaseUrl: "https://api.example.com/v1", MaxInFlight: limit,
		Models: []*adminv1.Model{{Id: "model"}},
	}
	for _, ref := range secretRefs {
		p.Credentials = append(p.Credentials, &adminv1.Credential{Name: "credential-" + ref, SecretRef: ref})
	}
	return p
}

// group is a valid document while the providers exist.
func group(name string, providers ...string) *adminv1.Group {
	g := &adminv1.Group{Name: name}
	for i, p := range providers {
		g.Members = append(g.Members, &adminv1.Member{Provider: p, Model: "model", Priority: int32(i)})
	}
	return g
}

func put(doc proto.Message, secrets ...controlplane.Secret) controlplane.Op {
	op := controlplane.Op{Spec: doc, Secrets: secrets}
	switch d := doc.(type) {
	case *adminv1.Provider:
		op.Kind, op.Name = controlplane.KindProvider, d.GetName()
	case *adminv1.Group:
		op.Kind, op.Name = controlplane.KindGroup, d.GetName()
	case *adminv1.ApiKey:
		op.Kind, op.Name = controlplane.KindAPIKey, d.GetName()
	case *adminv1.FailureKeyword:
		op.Kind, op.Name = controlplane.KindFailureKeyword, d.GetName()
	case *adminv1.Settings:
		op.Kind, op.Name = controlplane.KindSettings, controlplane.SettingsName
	}
	return op
}

func remove(kind controlplane.Kind, name string) controlplane.Op {
	return controlplane.Op{Kind: kind, Name: name}
}

// always decides on the same ops, whatever the configuration.
func always(ops ...controlplane.Op) func(*controlplane.Config) ([]controlplane.Op, error) {
	return func(*controlplane.Config) ([]controlplane.Op, error) { return ops, nil }
}

// change makes a change that must succeed.
func change(t testing.TB, s Store, base *controlplane.Config, ops ...controlplane.Op) *controlplane.Config {
	t.Helper()
	next, err := s.Update(context.Background(), "tester", base, always(ops...))
	must(t, err)
	return next
}

func load(t testing.TB, s Store) *controlplane.Config {
	t.Helper()
	c, err := s.Load(context.Background())
	must(t, err)
	return c
}

// changesOf reads the whole change log.
func changesOf(t testing.TB, s Store) []controlplane.Change {
	t.Helper()
	changes, err := s.Changes(context.Background(), 0, 1_000_000)
	must(t, err)
	return changes
}

func getProvider(t testing.TB, c *controlplane.Config, name string) *adminv1.Provider {
	t.Helper()
	r, ok := c.Get(controlplane.KindProvider, name)
	if !ok {
		t.Fatalf("provider %q does not exist at revision %d", name, c.Revision)
	}
	return r.Spec.(*adminv1.Provider)
}

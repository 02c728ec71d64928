package snapshot_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestBuildSaysWhatKeysMayDo(t *testing.T) {
	t.Parallel()
	cfg := controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
		resource(controlplane.KindSettings, controlplane.SettingsName, &adminv1.Settings{
			Cors: &adminv1.Cors{AllowedOrigins: []string{"https://b.example", "https://a.example"}},
		}),
		resource(controlplane.KindAPIKey, "app", &adminv1.ApiKey{
			Name: "app", Owner: "ana", SecretHash: hash(1), RequestOptions: true, Debug: true,
			Limits:     &adminv1.KeyLimits{RequestsPerMinute: 600, TokensPerMinute: 200_000, Concurrency: 20},
			Budget:     &adminv1.Budget{Amount: "50.25", Period: "month"},
			AllowedIps: []string{"10.0.0.0/8", "192.0.2.7", "2001:DB8::1"},
		}),
		resource(controlplane.KindAPIKey, "free", &adminv1.ApiKey{Name: "free", SecretHash: hash(2), Limits: &adminv1.KeyLimits{}}),
	}, nil)
	got, err := snapshot.Build(cfg, openSealer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []*nodev1.ApiKey{
		{
			Name: "app", Owner: "ana", Hash: hash(1), RequestOptions: true, Debug: true,
			RequestsPerMinute: 600, TokensPerMinute: 200_000, Concurrency: 20,
			Budget: 50_250_000, BudgetPeriod: "month", AllowedIps: []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::1/128"}, RequiredFeatures: []string{"key.allowed_ips"},
		},
		{Name: "free", Hash: hash(2)},
	}
	if diff := cmp.Diff(want, got.GetApiKeys(), protocmp.Transform()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://b.example", "https://a.example"}, got.GetCorsOrigins()); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

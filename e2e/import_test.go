package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// importConfig names no models: imports bring them.
const importConfig = `
kind: Provider
name: hub
base_url: ${UPSTREAM}/lists/named-hub+key-up-secret/v1
allow_private_network: true
credentials: [{name: main, secret: "${UPSTREAM_KEY}"}]
import: {interval: 1h, rules: {exclude: [embed], alias: {prefix: hub-}}}
---
kind: Provider
name: locked
base_url: ${UPSTREAM}/lists/key-another/v1
allow_private_network: true
credentials: [{name: main, secret: "${UPSTREAM_KEY}"}]
import: {interval: 1h}
---
kind: Provider
name: stuck
base_url: ${UPSTREAM}/lists/slow-1h/v1
allow_private_network: true
---
kind: ApiKey
name: app
secret: ` + appKey + `
groups: []
`

// TestImports has a control plane on PostgreSQL import models by its schedule, and a node
// route them, also once they have vanished upstream; kill -9 in the midst of an import
// leaves nothing of it.
func TestImports(t *testing.T) {
	t.Parallel()
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{})}
	up := httptest.NewServer(s.fake)
	t.Cleanup(func() { up.CloseClientConnections(); up.Close() })
	s.fake.SetList("hub", "ok", "echo", "embed-1")
	dir := t.TempDir()
	for name, text := range map[string]string{"config.yaml": importConfig, "prices.yaml": "models: {ok: {input: 1, output: \"2\"}}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "UPSTREAM=" + up.URL, "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_PRICE_CATALOGUE=" + filepath.Join(dir, "prices.yaml"),
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", filepath.Join(dir, "config.yaml"))
	s.admin = s.plane.Address("console")
	node := programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
	}, "--listen", anyPort, "--ops-listen", anyPort)
	s.api = strings.TrimSuffix(node.Address("api"), "/v1")
	i := &importing{s, adminv1connect.NewProviderServiceClient(s.rpc())}

	// By the schedule, with aliases and prices; what fails is told.
	s.eventually("the schedule imports", func(ctx context.Context) bool { return len(i.models(ctx, "hub")) == 2 })
	got := i.models(t.Context(), "hub")
	if got[0].GetAlias() != "hub-ok" || got[0].GetPrice().GetOutput() != "2" || got[0].GetImported().GetPriceSource() != "catalogue" || got[1].GetId() != "echo" {
		t.Errorf("models %v", got)
	}
	s.eventually("a failed import is listed", func(ctx context.Context) bool {
		runs := i.runs(ctx, "locked")
		return len(runs) == 1 && strings.Contains(runs[0].GetError(), "refuses the credential (401)") && runs[0].GetScheduled() && runs[0].GetNextStartTime() != nil
	})

	// Routed by its alias, and billed.
	i.makeGroup(t)
	s.awaitNodes(1)
	if status := s.chat(t, "pool", false); status != http.StatusOK {
		t.Fatalf("a call of an imported model has status %d", status)
	}
	s.eventually("the call is billed", func(context.Context) bool {
		for _, c := range s.callsStored() {
			return c.GetCost() != "0" && c.GetCost() != ""
		}
		return false
	})

	// Gone upstream: flagged, and routed as before.
	s.fake.SetList("hub", "echo", "tokens-3")
	if err := i.importModels(t, "hub", nil); err != nil {
		t.Fatal(err)
	}
	got = i.models(t.Context(), "hub")
	if len(got) != 3 || got[0].GetImported().GetGoneTime() == nil || got[2].GetAlias() != "hub-tokens-3" {
		t.Errorf("models %v", got)
	}
	s.awaitNodes(1)
	if status := s.chat(t, "pool", true); status != http.StatusOK {
		t.Errorf("a call of a model that is gone upstream has status %d", status)
	}

	// kill -9 while a list is being read: nothing of it, and the next import works.
	before := export(t, s)
	err := i.importModels(t, "stuck", func(m *adminv1.ImportModelsResponse) {
		if m.GetStage() == adminv1.ImportStage_IMPORT_STAGE_READING {
			s.plane.Restart()
		}
	})
	if err == nil {
		t.Error("the import outlives its control plane")
	}
	i = &importing{s, adminv1connect.NewProviderServiceClient(s.rpc())}
	if after := export(t, s); len(after) != len(before) || len(i.models(t.Context(), "stuck")) > 0 {
		t.Errorf("%d resources, %d before; models %v", len(after), len(before), i.models(t.Context(), "stuck"))
	}
	if n := len(i.runs(t.Context(), "hub")); n != 2 {
		t.Errorf("%d imports of hub are known, want 2: the schedule must not start again", n)
	}
	s.fake.SetList("hub", "ok", "echo", "tokens-3")
	if err := i.importModels(t, "hub", nil); err != nil {
		t.Fatal(err)
	}
	if got = i.models(t.Context(), "hub"); got[0].GetImported().GetGoneTime() != nil {
		t.Errorf("models %v", got)
	}
	if strings.Contains(s.plane.Log(), "up-secret") {
		t.Error("the log holds the provider's secret")
	}
}

// importing is what the story does with the admin API.
type importing struct {
	s         *stack
	providers adminv1connect.ProviderServiceClient
}

func (i *importing) models(ctx context.Context, provider string) []*adminv1.Model {
	res, err := i.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: provider})
	if err != nil {
		i.s.t.Fatal(err)
	}
	return res.GetProvider().GetModels()
}

func (i *importing) runs(ctx context.Context, provider string) []*adminv1.ImportRun {
	res, err := i.providers.ListImports(ctx, &adminv1.ListImportsRequest{Provider: provider})
	if err != nil {
		i.s.t.Fatal(err)
	}
	return res.GetImports()
}

func (i *importing) makeGroup(t *testing.T) {
	t.Helper()
	groups := adminv1connect.NewGroupServiceClient(i.s.rpc())
	if _, err := groups.CreateGroup(t.Context(), &adminv1.CreateGroupRequest{Group: &adminv1.Group{
		Name: "pool", Members: []*adminv1.Member{{Provider: "hub", Model: "hub-ok", Priority: 1}},
	}}); err != nil {
		t.Fatal(err)
	}
	keys := adminv1connect.NewKeyServiceClient(i.s.rpc())
	if _, err := keys.UpdateApiKey(t.Context(), &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}}}); err != nil {
		t.Fatal(err)
	}
}

// importModels imports, and shows each step.
func (i *importing) importModels(t *testing.T, provider string, step func(*adminv1.ImportModelsResponse)) error {
	t.Helper()
	stream, err := i.providers.ImportModels(t.Context(), &adminv1.ImportModelsRequest{Name: provider})
	if err != nil {
		return err
	}
	defer stream.Close()
	var stages []adminv1.ImportStage
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			if !slices.IsSorted(stages) || stages[len(stages)-1] != adminv1.ImportStage_IMPORT_STAGE_DONE {
				t.Errorf("stages %v", stages)
			}
			return nil
		}
		if err != nil {
			return err
		}
		stages = append(stages, m.GetStage())
		if step != nil {
			step(m)
			step = nil
		}
	}
}

package cluster_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/e2e/cluster"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// guide gives the commands of a section of docs/backup.md.
func guide(t *testing.T, section string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "backup.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n## " + section + "\n.*?```sh\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("docs/backup.md has no commands under %q", section)
	}
	return string(found[1])
}

// operator runs commands in a folder, with what docs/backup.md names in the environment.
type operator struct {
	t    *testing.T
	dir  string
	vars []string
}

func (o operator) run(commands string) {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), "bash", "-euc", commands)
	cmd.Dir = o.dir
	cmd.Env = append([]string{"PATH=" + testenv.PostgresPrograms(o.t) + ":" + os.Getenv("PATH")}, o.vars...)
	if out, err := cmd.CombinedOutput(); err != nil {
		o.t.Fatalf("%s: %v\n%s", commands, err, out)
	}
}

// database is the URL of another database of the server.
func database(t *testing.T, of, name string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// TestBackupIsRestored is docs/backup.md under load: dumped while calls flow, then the database is lost and
// restored. The configuration is whole, a key that was revoked since stays refused, what is missing shows as
// a gap, and no client notices any of it.
func TestBackupIsRestored(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	c := cluster.StartOn(t, server.Database(t), programs, rollingDocuments, "--drain-delay", "1s")
	for _, p := range c.Nodes {
		awaitReady(t, p)
	}
	admin := signIn(t, c.Proxy.URL())
	keys := adminv1connect.NewKeyServiceClient(admin)
	revoked, err := keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "revoked", Groups: []string{"plain"}}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(t, c.Proxy.URL())
	o := operator{t, t.TempDir(), []string{
		"DATABASE_URL=" + c.Database, "SERVER_URL=" + database(t, c.Database, "postgres"), "OWNER=" + mustParse(t, c.Database).User.Username(), "RESTORED_URL=" + database(t, c.Database, "trunkline_restored"),
	}}
	configs := adminv1connect.NewConfigServiceClient(admin)
	var whole *adminv1.ExportConfigResponse
	eventually(t, "the replica that answers has the key too", func() bool {
		whole, err = configs.ExportConfig(t.Context(), &adminv1.ExportConfigRequest{})
		return err == nil && len(whole.GetResources()) == strings.Count(rollingDocuments, "kind: ")+1
	})
	o.run(guide(t, "Back up"))
	dumped := time.Now()

	// What happens after the backup: calls, a change, and a key that must never work again.
	if _, err := adminv1connect.NewGroupServiceClient(admin).CreateGroup(t.Context(), &adminv1.CreateGroupRequest{
		Group: &adminv1.Group{Name: "since", Members: []*adminv1.Member{{Provider: "steady", Model: "slow-100ms", Priority: 1}}},
	}); err != nil {
		t.Fatal(err)
	}
	receipt, err := keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "revoked", Wait: durationpb.New(time.Minute)})
	if err != nil || len(receipt.GetReceipt().GetConfirmed()) != len(c.Nodes) {
		t.Fatalf("revoked: %v, %v", receipt.GetReceipt(), err)
	}
	refused := func(when string) {
		t.Helper()
		for _, p := range c.Nodes {
			if code := status(t, p.Address("api"), revoked.GetSecret()); code != http.StatusUnauthorized {
				t.Errorf("%s, %s: the revoked key gets %d", when, p.Name, code)
			}
		}
	}
	refused("before")
	calls := adminv1connect.NewCallServiceClient(admin)
	eventually(t, "calls of every node are stored after the backup", func() bool {
		nodes := map[string]bool{}
		page, err := calls.ListCalls(t.Context(), &adminv1.ListCallsRequest{PageSize: 200})
		for _, call := range page.GetCalls() {
			if call.GetStartTime().AsTime().After(dumped) {
				nodes[call.GetNode()] = true
			}
		}
		return err == nil && len(nodes) == len(c.Nodes)
	})

	for _, p := range c.ControlPlanes {
		p.Kill()
	}
	server.Stop(t) // the database is lost, and so is what was asked of it
	refused("without a database")
	server.Restart(t)
	o.run(`psql --quiet --dbname="$SERVER_URL" --command="DROP DATABASE ` + strings.TrimPrefix(mustParse(t, c.Database).Path, "/") + ` WITH (FORCE)"`)
	o.run(guide(t, "Restore"))
	for _, p := range c.ControlPlanes {
		for i, v := range p.Env {
			if strings.HasPrefix(v, "DATABASE_URL=") {
				p.Env[i] = "DATABASE_URL=" + database(t, c.Database, "trunkline_restored")
			}
		}
		p.Run()
		awaitReady(t, p)
	}
	refused("restored, not adopted")
	admin = signIn(t, c.Proxy.URL())
	configs = adminv1connect.NewConfigServiceClient(admin)
	if _, err := configs.AdoptDatabase(t.Context(), &adminv1.AdoptDatabaseRequest{}); err != nil {
		t.Fatal(err)
	}
	nodes := adminv1connect.NewNodeServiceClient(admin)
	eventually(t, "every node serves the backup", func() bool {
		list, err := nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{})
		live := 0
		for _, n := range list.GetNodes() {
			if n.GetConnected() && n.GetAppliedRevision() == list.GetRevision() && !n.GetLineage().GetAhead() {
				live++
			}
		}
		return err == nil && live == len(c.Nodes)
	})
	refused("adopted")
	now, err := configs.ExportConfig(t.Context(), &adminv1.ExportConfigRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(&adminv1.ApplyConfigRequest{Resources: now.GetResources()}, &adminv1.ApplyConfigRequest{Resources: whole.GetResources()}) {
		t.Errorf("the configuration is %v, want %v", now, whole)
	}
	calls = adminv1connect.NewCallServiceClient(admin)
	eventually(t, "what the database lost of every node shows as a gap", func() bool {
		list, err := calls.ListGaps(t.Context(), &adminv1.ListGapsRequest{})
		gaps := map[string]bool{}
		for _, g := range list.GetGaps() {
			if g.GetReason() == "database_restored" {
				gaps[g.GetNode()] = true
			}
		}
		return err == nil && len(gaps) == len(c.Nodes)
	})
	if served := l.end(); served == 0 {
		t.Error("no call was served")
	}
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// status is how a node answers a call with a key.
func status(t *testing.T, api, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, api+"/chat/completions", strings.NewReader(`{"model":"plain","messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

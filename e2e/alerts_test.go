package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// pager is a real receiver of a webhook: it verifies every message as docs/alerts.md says.
type pager struct {
	key []byte
	t   *testing.T

	mu       sync.Mutex
	messages []page // guarded by mu
}

type page struct {
	ID      string
	Type    string
	Channel string
	Alerts  []struct{ ID, Event, State, Provider, Model string }
}

func (p *pager) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed
	}
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); !hmac.Equal([]byte(want), []byte(r.Header.Get("Webhook-Signature"))) {
		p.t.Errorf("signature %q, want %q", r.Header.Get("Webhook-Signature"), want)
	}
	var m page
	if err := json.Unmarshal(body, &m); err != nil || m.ID != r.Header.Get("Webhook-Id") {
		p.t.Errorf("message %s, %v", body, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.messages = append(p.messages, m)
}

// told counts the messages, by id, that tell of a state of a model.
func (p *pager) told(model, state string) map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := map[string]string{}
	for _, m := range p.messages {
		for _, a := range m.Alerts {
			if a.Model == model && a.State == state && a.Event == "cooldown" {
				told[m.ID] = a.ID
			}
		}
	}
	return told
}

// TestAlertsOfAFleet: a model cools, the webhook is told once by two control planes; the one
// that leads is killed, and the other one tells, once, that the same alert is over.
func TestAlertsOfAFleet(t *testing.T) {
	t.Parallel()
	p := &pager{t: t, key: []byte("0123456789abcdef0123456789abcdef")}
	receiver := httptest.NewServer(p)
	t.Cleanup(receiver.Close)
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{})}
	up := httptest.NewServer(s.fake)
	t.Cleanup(up.Close)
	const failing = "status-500-times-1"
	config := fmt.Sprintf(`
kind: Settings
failover: {failure_threshold: 1, cooldown: 10m, cooldown_max: 10m, retry_same_target: false}
---
kind: Provider
name: flaky
base_url: %s
allow_private_network: true
credentials: [{name: main, secret: up-secret}]
models: [{id: %s}, {id: ok}]
---
kind: Group
name: chat
members: [{provider: flaky, model: %s, priority: 1}, {provider: flaky, model: ok, priority: 2}]
---
kind: ApiKey
name: app
secret: %s
groups: [chat]
---
kind: AlertChannel
name: pager
events: [cooldown]
digest: 0s
allow_private_network: true
webhook: {url: %s, secret: whsec_%s}
`, up.URL, failing, failing, appKey, receiver.URL, base64.StdEncoding.EncodeToString(p.key))
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"ADMIN_PASSWORD=" + adminPassword, "DATABASE_URL=" + testenv.Postgres(t), "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
	}
	plane := func() *program.Process {
		return programs.Start(t, "trunkline-controlplane", env, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	}
	leader := plane() // alone at first, so that it leads
	s.admin = leader.Address("console")
	other := plane()
	node := programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + other.Address("nodes") + "," + leader.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
	}, "--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1")
	s.awaitNodes(1)
	s.eventually("a call is answered by the other model", func(context.Context) bool { return served(t, node, "chat") })
	s.eventually("the webhook is told of the cooldown", func(context.Context) bool { return len(p.told(failing, "firing")) == 1 })

	// A message whose sender dies before it is written down is sent again a minute later.
	channels := adminv1connect.NewAlertChannelServiceClient(s.rpc())
	s.eventually("it is written down as sent", func(ctx context.Context) bool {
		list, err := channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{})
		return err == nil && len(list.GetDeliveries()) == 1 && list.GetDeliveries()[0].GetState() == adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT
	})

	leader.Kill()
	s.admin = other.Address("console")
	providers := adminv1connect.NewProviderServiceClient(s.rpc())
	s.eventually("the cooldown is ended", func(ctx context.Context) bool {
		reset, err := providers.ResetCooldown(ctx, &adminv1.ResetCooldownRequest{Provider: "flaky"})
		return err == nil && slices.Contains(reset.GetNodes(), "node-1")
	})
	s.eventually("the webhook is told that it is over", func(context.Context) bool { return len(p.told(failing, "resolved")) == 1 })
	firing, resolved := p.told(failing, "firing"), p.told(failing, "resolved")
	if len(firing) != 1 {
		t.Errorf("%d messages tell that it fires, want 1", len(firing))
	}
	for _, began := range firing {
		for _, ended := range resolved {
			if began != ended {
				t.Errorf("alert %q fires and %q is over", began, ended)
			}
		}
	}
}

// served makes one call and reports whether it was answered.
func served(t *testing.T, node *program.Process, model string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, node.Address("api")+"/chat/completions",
		strings.NewReader(fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

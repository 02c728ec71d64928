package allinone

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	controlplane "github.com/trunkline-ai/trunkline/controlplane/server"
)

const loopKey = "sk-loop-not-a-secret"

// gateway runs an all-in-one whose group "round" is served by the providers at these addresses,
// in order, and gives its address.
func gateway(t *testing.T, listen string, bases ...string) string {
	t.Helper()
	dir := t.TempDir()
	var config, members strings.Builder
	for i, base := range bases {
		fmt.Fprintf(&config, "{kind: Provider, name: p%d, base_url: %q, credentials: [{name: main, secret: %s}], models: [{id: round}]}\n---\n", i, base, loopKey)
		fmt.Fprintf(&members, "{provider: p%d, model: round, priority: %d}, ", i, i+1)
	}
	fmt.Fprintf(&config, "{kind: Group, name: round, members: [%s]}\n---\n{kind: ApiKey, name: key, groups: [round], secret: %s}\n", members.String(), loopKey)
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := New(t.Context(), Config{
		Listen: listen, OpsListen: "127.0.0.1:0", DataDir: dir, DatabaseURL: "sqlite:///" + filepath.Join(dir, "trunkline.db"),
		Control: controlplane.Settings{AdminUsername: "admin", AdminPassword: "a password of this test", Apply: path},
		Logger:  slog.New(slog.DiscardHandler), Lookup: func(string) (string, bool) { return "", false }, Out: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(time.Minute); g.node.Ready(ctx) != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the node is not ready")
		}
	}
	return "http://" + g.web.Addr().String()
}

// ask posts to the group through a gateway.
func ask(t *testing.T, url, path, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+loopKey)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func wantLoop(t *testing.T, url string) {
	t.Helper()
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"round","messages":[{"role":"user","content":"hi"}]}`,
		"/v1/messages":         `{"model":"round","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`,
	} {
		status, text := ask(t, url, path, body)
		if status != http.StatusLoopDetected || !strings.Contains(text, "leads back to this gateway") || strings.Contains(text, loopKey) {
			t.Errorf("%s: status %d: %s", path, status, text)
		}
		if path == "/v1/chat/completions" && !strings.Contains(text, `"code":"loop_detected"`) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// A gateway that is its own provider refuses the request that comes back.
func TestAGatewayThatIsItsOwnProvider(t *testing.T) {
	t.Parallel()
	self := free(t)
	wantLoop(t, gateway(t, self, "http://"+self+"/v1"))
}

// So do two that are each other's provider, asked through either.
func TestTwoGatewaysThatLeadBack(t *testing.T) {
	t.Parallel()
	first, second := free(t), free(t)
	a := gateway(t, first, "http://"+second+"/v1")
	b := gateway(t, second, "http://"+first+"/v1")
	wantLoop(t, a)
	wantLoop(t, b)
}

package allinone

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	controlplane "github.com/trunkline-ai/trunkline/controlplane/server"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output is what is printed; ready is closed when the demo has shown everything.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	ready chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := strings.Contains(o.text.String(), "Ctrl-C")
	o.text.Write(p)
	if !before && strings.Contains(o.text.String(), "Ctrl-C") {
		close(o.ready)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// TestEverythingInOneProcess: what only the all-in-one allows works without being asked for.
// Its node joins without a token, dialect fake has an upstream, and a provider that does not
// allow private networks may be on this machine.
func TestEverythingInOneProcess(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
	defer upstream.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	err := os.WriteFile(config, []byte(`{kind: Provider, name: local, base_url: "`+upstream.URL+`/v1", credentials: [{name: main, secret: not-a-secret-key}], models: [{id: ok}]}
---
{kind: Group, name: local, members: [{provider: local, model: ok}]}
---
{kind: ApiKey, name: local, groups: [local], secret: sk-local-not-a-secret}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	out := &output{ready: make(chan struct{})}
	g, err := New(t.Context(), Config{
		Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", DataDir: dir, DatabaseURL: "sqlite:///" + filepath.Join(dir, "trunkline.db"),
		Demo: true, Control: controlplane.Settings{AdminUsername: "admin", AdminPassword: "a password of this test", Apply: config},
		Logger: slog.New(slog.DiscardHandler), Lookup: func(string) (string, bool) { return "", false }, Out: out,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, nil) }()
	select {
	case <-out.ready:
	case err := <-ended:
		t.Fatalf("ended before the demo was over: %v\n%s", err, out)
	}
	for by, want := range map[string]int{"first-choice": 1, "last-resort": 4} {
		if got := strings.Count(out.String(), "answered by "+by); got != want {
			t.Errorf("%s answered %d calls of the demo, want %d:\n%s", by, got, want, out)
		}
	}
	for _, outcome := range []string{"overloaded", "server_error", "rate_limited", "failure_keyword"} {
		if !strings.Contains(out.String(), outcome) {
			t.Errorf("the demo shows no %s:\n%s", outcome, out)
		}
	}

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.web.Addr().String()+"/v1/chat/completions",
		strings.NewReader(`{"model": "local", "messages": [{"role": "user", "content": "hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-local-not-a-secret")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"choices"`) {
		t.Errorf("a provider on this machine: %s, %v: %s", resp.Status, err, body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

// TestDefaultPasswordStaysOnThisMachine: with the well-known password the console is served on
// loopback only, until another password was set.
func TestDefaultPasswordStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := "sqlite:///" + filepath.Join(dir, "trunkline.db")
	var log output
	begin := func(listen string) error {
		g, err := New(t.Context(), Config{
			Listen: listen, OpsListen: "127.0.0.1:0", DataDir: dir, DatabaseURL: database, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Control: controlplane.Settings{AdminUsername: "admin", AdminPassword: controlplane.DefaultAdminPassword},
		})
		if err != nil {
			return err
		}
		g.announce()
		g.close()
		return nil
	}
	const warning = "THE DEFAULT PASSWORD IS IN USE"
	if err := begin("0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "only on loopback") {
		t.Errorf("the well-known password on every address: %v", err)
	}
	short := Config{
		Listen: "0.0.0.0:0", OpsListen: "127.0.0.1:0", DataDir: dir, DatabaseURL: database, Logger: slog.New(slog.DiscardHandler),
		Control: controlplane.Settings{AdminUsername: "admin", AdminPassword: "7 bytes"},
	}
	if _, err := New(t.Context(), short); err == nil || !strings.Contains(err.Error(), "fewer than 8 bytes") {
		t.Errorf("a short password on every address: %v", err)
	}
	if err := begin("127.0.0.1:0"); err != nil || !strings.Contains(log.String(), warning) {
		t.Errorf("the well-known password on loopback: %v; log %s", err, log.String())
	}

	db, err := store.Open(t.Context(), store.Config{URL: database, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.NewAccess(db).UpdateUser(t.Context(), "admin", [32]byte{}, func(u *access.User) error {
		u.Salt, u.Verifier, u.Version = []byte{1}, []byte{2}, 1
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before := strings.Count(log.String(), warning)
	if err := begin("0.0.0.0:0"); err != nil || strings.Count(log.String(), warning) != before {
		t.Errorf("a password that was set, on every address: %v; log %s", err, log.String())
	}
}

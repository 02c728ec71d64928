package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/trunkline-ai/trunkline/e2e/cluster"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

const (
	keyFromHere      = "sk-from-here-0123456789abcdef"
	keyFromElsewhere = "sk-from-elsewhere-0123456789abcdef"
	patientKey       = "sk-patient-0123456789abcdef"
	gapBody          = `{"model":"gap","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	// untoldDocuments also have a stream with silences of two seconds, and keys for it, and for one address each.
	untoldDocuments = rollingDocuments + `---
kind: Provider
name: silent
base_url: PROVIDER/v1
allow_private_network: true
credentials: [{name: main, secret: key-of-nobody}]
models: [{id: tokens-3+chunk-2s}]
---
kind: Group
name: gap
members: [{provider: silent, model: tokens-3+chunk-2s, priority: 1}]
---
kind: ApiKey
name: patient
groups: [gap]
secret: ` + patientKey + `
---
kind: ApiKey
name: from-here
groups: [plain]
allowed_ips: [127.0.0.1]
secret: ` + keyFromHere + `
---
kind: ApiKey
name: from-elsewhere
groups: [plain]
allowed_ips: [198.51.100.7]
secret: ` + keyFromElsewhere + "\n"
)

// TestRollingRestartUntold restarts every node behind proxies that are told nothing, as they ask for readiness
// themselves: no stream is cut and no call is lost, of clients that keep connections open neither.
func TestRollingRestartUntold(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, programs, untoldDocuments, "--stream-keep-alive", "500ms")
	servers := map[string]backend{}
	for i, p := range c.Nodes {
		awaitReady(t, p)
		servers[fmt.Sprintf("node-%d", i+1)] = backend{
			strings.TrimSuffix(strings.TrimPrefix(p.Address("api"), "http://"), "/v1"), strings.TrimPrefix(p.Address("ops"), "http://"),
		}
	}
	for i, p := range c.ControlPlanes {
		servers[fmt.Sprintf("control-plane-%d", i+1)] = backend{
			strings.TrimPrefix(p.Address("console"), "http://"), strings.TrimPrefix(p.Address("ops"), "http://"),
		}
	}
	running := map[string]*testenv.ProxyServer{}
	for name := range proxies {
		if name != "Envoy" || testenv.HasEnvoy() {
			running[name] = startProxy(t, name, servers)
		}
	}
	for name, p := range running {
		t.Run("through "+name, func(t *testing.T) { passesAll(t, name, p.URL()) })
	}
	keeping := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience}
	t.Cleanup(keeping.CloseIdleConnections)
	var loads []*load
	for name, p := range running {
		if name != "nginx" {
			loads = append(loads, newLoad(t, p.URL()), newLoadOf(t, keeping, p.URL()))
		}
	}
	for _, p := range c.Nodes {
		eventually(t, p.Name+" has streams", func() bool { return inFlight(t, p) >= 2 })
		loads[0].straggle(p)
		restart(t, p)
	}
	for _, p := range c.ControlPlanes {
		p.Signal(syscall.SIGTERM)
		p.Wait()
		p.Run()
		awaitReady(t, p)
	}
	for _, l := range loads {
		if served := l.end(); served == 0 {
			t.Error("a load served nothing")
		}
	}
	for i, p := range c.Nodes {
		if log := p.Log(); !strings.Contains(log, "msg=stopped cut_streams=0") {
			t.Errorf("node-%d does not say that it cut nothing", i+1)
		}
	}
}

// passesAll wants calls, sign-ins, silent streams, WebSockets and clients' addresses to pass a proxy.
func passesAll(t *testing.T, name, url string) {
	l := &load{t: t, url: url, client: client}
	if err := l.plain(); err != nil {
		t.Error(err)
	}
	signIn(t, url)
	staysOpen(t, url)
	turns(t, url)

	// The address is that of the client, whatever that says itself.
	for key, want := range map[string]int{keyFromHere: http.StatusOK, keyFromElsewhere: http.StatusForbidden} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(`{"model":"plain","messages":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("X-Forwarded-For", "198.51.100.7")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if name == "Envoy" && key == keyFromHere {
			continue // it gives clients on loopback another address of this machine
		}
		if resp.StatusCode != want {
			t.Errorf("a client that says it is elsewhere, with %s: %d, want %d: %s", key, resp.StatusCode, want, text)
		}
	}
}

// staysOpen wants the comments to come while the provider is silent, and the stream to be whole.
func staysOpen(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(gapBody))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+patientKey)
	begin, waits, content := time.Now(), 0, 0
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	last := ""
	for lines.Scan() {
		switch text := lines.Text(); {
		case strings.HasPrefix(text, ":"):
			waits++
		case strings.HasPrefix(text, "data: "):
			content++
			last = text
		}
	}
	if lines.Err() != nil || last != "data: [DONE]" || waits < 2 || content < 3 || time.Since(begin) < 4*time.Second {
		t.Errorf("a stream with silences: %d comments, %d events, the last %q, %v", waits, content, last, lines.Err())
	}
}

// turns speaks the Responses API over a WebSocket.
func turns(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, url+"/v1/responses", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + apiKey}}})
	if err != nil {
		t.Fatalf("%v, %+v", err, resp)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	for range 2 {
		if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"response.create","model":"plain","store":false,"input":"hi"}`)); err != nil {
			t.Fatal(err)
		}
		for {
			_, event, err := conn.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(event), `"type":"error"`) {
				t.Fatalf("a turn failed: %s", event)
			}
			if strings.Contains(string(event), `"type":"response.completed"`) {
				break
			}
		}
	}
}

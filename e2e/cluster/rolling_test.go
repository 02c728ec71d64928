package cluster_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/e2e/cluster"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	apiKey     = "sk-rolling-0123456789abcdef"
	streamBody = `{"model":"stream","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	longBody   = `{"model":"long","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	// rollingDocuments have a stream of about a second, one of three and a call of a tenth of one.
	rollingDocuments = `kind: Provider
name: steady
base_url: PROVIDER/v1
allow_private_network: true
credentials: [{name: main, secret: key-of-nobody}]
models: [{id: tokens-50+chunk-20ms}, {id: tokens-150+chunk-20ms}, {id: slow-100ms}]
---
kind: Group
name: stream
members: [{provider: steady, model: tokens-50+chunk-20ms, priority: 1}]
---
kind: Group
name: long
members: [{provider: steady, model: tokens-150+chunk-20ms, priority: 1}]
---
kind: Group
name: plain
members: [{provider: steady, model: slow-100ms, priority: 1}]
---
kind: ApiKey
name: app
groups: [stream, long, plain]
secret: ` + apiKey + "\n"
)

// load is clients that call through the load balancer until they are told to stop.
type load struct {
	t      *testing.T
	url    string
	client *http.Client
	stop   atomic.Bool
	served atomic.Int64
	wg     sync.WaitGroup
}

// client opens a connection for each call, as nginx closes kept ones when it reloads.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

func newLoad(t *testing.T, url string) *load { return newLoadOf(t, client, url) }

// newLoadOf is newLoad with a client of the caller's.
func newLoadOf(t *testing.T, client *http.Client, url string) *load {
	l := &load{t: t, url: url, client: client}
	for range 6 {
		l.wg.Go(func() { l.work(l.stream) })
	}
	for range 2 {
		l.wg.Go(func() { l.work(l.plain) })
	}
	return l
}

func (l *load) work(call func() error) {
	for !l.stop.Load() {
		if err := call(); err != nil {
			l.t.Errorf("a lost call: %v", err)
			return
		}
		l.served.Add(1)
	}
}

func (l *load) stream() error {
	return wholeStream(l.post(streamBody))
}

func wholeStream(text string, err error) error {
	if err == nil && (!strings.HasSuffix(strings.TrimSpace(text), "data: [DONE]") || strings.Contains(text, `"error"`)) {
		return fmt.Errorf("a cut stream:\n%s", text)
	}
	return err
}

// straggle opens a stream at a node itself, like the last client that a load balancer sent there, and
// returns when it flows: the node streams when it is told to stop, however long nginx took to leave it.
func (l *load) straggle(p *program.Process) {
	l.t.Helper()
	resp, err := open(client, strings.TrimSuffix(p.Address("api"), "/v1"), longBody)
	if err != nil {
		l.t.Fatal(err)
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		l.t.Fatal(err)
	}
	l.wg.Go(func() {
		rest, err := readAnswer(resp)
		if err = wholeStream(string(first)+rest, err); err != nil {
			l.t.Errorf("a lost call of %s: %v", p.Name, err)
			return
		}
		l.served.Add(1)
	})
}

func (l *load) plain() error {
	text, err := l.post(`{"model":"plain","messages":[{"role":"user","content":"hi"}]}`)
	if err == nil && !strings.Contains(text, `"choices"`) {
		return fmt.Errorf("no answer: %s", text)
	}
	return err
}

func (l *load) post(body string) (string, error) {
	resp, err := open(l.client, l.url, body)
	if err != nil {
		return "", err
	}
	return readAnswer(resp)
}

func open(client *http.Client, url, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+apiKey)
	return client.Do(req)
}

func readAnswer(resp *http.Response) (string, error) {
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return string(text), err
}

// end waits for the calls under way and tells how many were served.
func (l *load) end() int64 {
	l.stop.Store(true)
	l.wg.Wait()
	return l.served.Load()
}

// TestRollingRestart restarts every node and every control plane under streams, each taken out of nginx
// first: no stream is cut, no call is lost, and every call is in the log once.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, programs, rollingDocuments, "--drain-delay", "1s")
	for _, p := range c.Nodes {
		awaitReady(t, p)
	}
	admin := signIn(t, c.Proxy.URL())
	l := newLoad(t, c.Proxy.URL())
	stopped := map[string]time.Time{}
	for i, p := range c.Nodes {
		name := fmt.Sprintf("node-%d", i+1)
		eventually(t, name+" has streams", func() bool { return inFlight(t, p) >= 2 })
		c.TakeOut(t, name)
		l.straggle(p)
		stopped[name] = time.Now()
		restart(t, p)
		c.PutBack(t, name)
	}
	groups := adminv1connect.NewGroupServiceClient(admin)
	for i, p := range c.ControlPlanes {
		name := fmt.Sprintf("control-plane-%d", i+1)
		c.TakeOut(t, name)
		p.Signal(syscall.SIGTERM)
		p.Wait()
		// The console goes on, and what is changed meanwhile reaches every node.
		group := &adminv1.Group{Name: "made-without-" + name, Members: []*adminv1.Member{{Provider: "steady", Model: "slow-100ms", Priority: 1}}}
		if _, err := groups.CreateGroup(t.Context(), &adminv1.CreateGroupRequest{Group: group}); err != nil {
			t.Errorf("a change while %s is away: %v", name, err)
		}
		p.Run()
		awaitReady(t, p)
		c.PutBack(t, name)
	}
	nodes := adminv1connect.NewNodeServiceClient(admin)
	eventually(t, "every node serves the newest revision", func() bool {
		list, err := nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{})
		live := 0
		for _, n := range list.GetNodes() {
			if n.GetConnected() && n.GetAppliedRevision() == list.GetRevision() {
				live++
			}
		}
		return err == nil && live == len(c.Nodes)
	})
	served := l.end()
	if t.Failed() {
		return
	}
	for i, p := range c.Nodes {
		if log := p.Log(); !strings.Contains(log, "msg=stopped cut_streams=0") {
			t.Errorf("node-%d does not say that it cut nothing", i+1)
		}
	}
	checkLog(t, admin, served, stopped)
}

// checkLog wants every served call once, all of them well, and each node to have been streaming when it
// was told to stop: else nothing was shown.
func checkLog(t *testing.T, admin *connect.Client, served int64, stopped map[string]time.Time) {
	t.Helper()
	var calls map[string]*adminv1.Call
	eventually(t, "every call is in the log", func() bool {
		calls = stored(t, admin)
		return int64(len(calls)) >= served
	})
	if int64(len(calls)) != served {
		t.Errorf("%d calls are in the log, clients made %d", len(calls), served)
	}
	streaming := map[string]bool{}
	for id, call := range calls {
		if call.GetOutcome() != "ok" {
			t.Errorf("call %s ended with %s", id, call.GetOutcome())
		}
		begin := call.GetStartTime().AsTime()
		end := begin.Add(call.GetDuration().AsDuration())
		if at, ok := stopped[call.GetNode()]; ok && call.GetStream() && begin.Before(at) && end.After(at) {
			streaming[call.GetNode()] = true
		}
	}
	if len(streaming) != len(stopped) {
		t.Errorf("only %v were streaming when they were told to stop", streaming)
	}
}

// stored is every call in the log, by id.
func stored(t *testing.T, admin *connect.Client) map[string]*adminv1.Call {
	t.Helper()
	all := map[string]*adminv1.Call{}
	for token := ""; ; {
		page, err := adminv1connect.NewCallServiceClient(admin).ListCalls(t.Context(), &adminv1.ListCallsRequest{PageSize: 500, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range page.GetCalls() {
			if all[call.GetId()] != nil {
				t.Errorf("call %s is stored twice", call.GetId())
			}
			all[call.GetId()] = call
		}
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}

// restart ends a process as operators do and runs it again.
func restart(t *testing.T, p *program.Process) {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	p.Wait()
	p.Run()
	awaitReady(t, p)
}

func awaitReady(t *testing.T, p *program.Process) {
	t.Helper()
	eventually(t, p.Name+" is ready", func() bool {
		resp, err := client.Get(p.Address("ops") + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

// inFlight is how many requests a node says it serves.
func inFlight(t *testing.T, p *program.Process) (n int) {
	t.Helper()
	resp, err := client.Get(p.Address("ops") + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\ntrunkline_calls_in_flight ")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatalf("trunkline_calls_in_flight: %v", err)
	}
	return n
}

func signIn(t *testing.T, url string) *connect.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	admin := connect.NewClient(connecthttp.NewTransport(web, url))
	if _, err := adminv1connect.NewSessionServiceClient(admin).Login(t.Context(), &adminv1.LoginRequest{Username: "admin", Password: cluster.AdminPassword}); err != nil {
		t.Fatalf("sign in through nginx: %v", err)
	}
	return admin
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s", what)
		}
	}
}

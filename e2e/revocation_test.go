package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/outcometest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// fleetOf is a control plane and one node per environment; node-N reaches it through cables[N-1].
func fleetOf(t *testing.T, databaseURL string, envs ...[]string) (*stack, []*cable) {
	t.Helper()
	s := newStack(t)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + databaseURL,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	var cables []*cable
	for i, env := range envs {
		c := newCable(t, s.plane.Address("nodes"))
		cables = append(cables, c)
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", append([]string{
			"TRUNKLINE_CONTROL_PLANE=" + c.address, "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
		}, env...), "--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.admin = s.plane.Address("console")
	s.awaitNodes(len(envs))
	return s, cables
}

// statusOf is what a node answers a call with a key.
func statusOf(ctx context.Context, node *program.Process, key, model string) (int, error) {
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, node.Address("api")+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// wants checks what nodes answer a call with a key.
func wants(t *testing.T, what string, want int, key string, nodes ...*program.Process) {
	t.Helper()
	for _, node := range nodes {
		if got, err := statusOf(t.Context(), node, key, "plain"); err != nil || got != want {
			t.Errorf("%s: %s answers %d (%v), want %d", what, node.Args[len(node.Args)-1], got, err, want)
		}
	}
}

// caller calls one node with a key again and again.
type caller struct {
	mu   sync.Mutex
	good []time.Time // when calls began that were answered
	bad  atomic.Int64
}

func (s *stack) caller(t *testing.T, node *program.Process, key string) (c *caller, stop func()) {
	c = &caller{}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			switch code, err := statusOf(ctx, node, key, "plain"); {
			case err != nil && ctx.Err() != nil:
			case code == http.StatusOK:
				c.mu.Lock()
				c.good = append(c.good, began)
				c.mu.Unlock()
			case code != http.StatusUnauthorized:
				c.bad.Add(1)
			}
			select {
			case <-ctx.Done():
			case <-time.After(2 * time.Millisecond): // a client's own pace
			}
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(stop)
	return c, stop
}

// lastGood is how long after a moment the last call began that was answered.
func (c *caller) lastGood(after time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.good) == 0 {
		return 0
	}
	return max(c.good[len(c.good)-1].Sub(after), 0)
}

func names(nodes []*adminv1.UnconfirmedNode) (list []string) {
	for _, n := range nodes {
		list = append(list, n.GetName())
	}
	return list
}

// T-C6: keys are revoked under load. Node 1 has everything; node 2 is cut from Redis, node 3
// from the control plane, node 4 from both.
func TestKeysAreRevokedUnderLoad(t *testing.T) {
	t.Parallel()
	const keys = 20
	redis := testenv.Redis(t)
	with, without := []string{"REDIS_URL=" + redis.URL()}, []string{"REDIS_URL=redis://" + outcometest.ClosedPort(t) + "/0"}
	s, cables := fleetOf(t, testenv.Postgres(t), with, without, with, without)
	client := adminv1connect.NewKeyServiceClient(s.rpc())
	secrets := make([]string, keys+1)
	for i := range secrets {
		created, err := client.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{
			Name: fmt.Sprintf("key-%02d", i), Groups: []string{"plain", "slow"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		secrets[i] = created.GetSecret()
	}
	s.awaitNodes(4)

	var took []time.Duration
	for i := range keys {
		var callers []*caller
		var stops []func()
		for _, node := range s.nodes {
			c, stop := s.caller(t, node, secrets[i])
			callers, stops = append(callers, c), append(stops, stop)
		}
		s.eventually("the key works on every node", func(context.Context) bool {
			return !slices.ContainsFunc(callers, func(c *caller) bool { return c.lastGood(time.Time{}) == 0 })
		})
		began := time.Now()
		res, err := client.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{
			Name: fmt.Sprintf("key-%02d", i), Wait: durationpb.New(30 * time.Second),
		})
		confirmed := time.Now()
		if err != nil {
			t.Fatal(err)
		}
		if got := res.GetReceipt().GetConfirmed(); !slices.Equal(got, []string{"node-1", "node-2", "node-3", "node-4"}) {
			t.Errorf("confirmed by %q, unconfirmed %v", got, res.GetReceipt().GetUnconfirmed())
		}
		wants(t, "after the receipt", http.StatusUnauthorized, secrets[i], s.nodes...)
		for j, c := range callers {
			stops[j]()
			if late := c.lastGood(confirmed); late > 0 {
				t.Errorf("node-%d answered a call that began %s after it had confirmed", j+1, late)
			}
			if n := c.bad.Load(); n > 0 {
				t.Errorf("node-%d answered %d calls neither with 200 nor 401", j+1, n)
			}
			took = append(took, c.lastGood(began))
		}
	}
	slices.Sort(took)
	t.Logf("last accepted call after a revocation on a connected node: p50 %s, p99 %s, max %s (%d samples)",
		took[len(took)/2], took[len(took)*99/100], took[len(took)-1], len(took))

	last, name := secrets[keys], fmt.Sprintf("key-%02d", keys)
	cables[2].cut()
	cables[3].cut()
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	s.eventually("the control plane sees that two nodes are gone", func(ctx context.Context) bool {
		n3, n4 := s.node(ctx, nodes, "node-3"), s.node(ctx, nodes, "node-4")
		return n3 != nil && n4 != nil && !n3.GetConnected() && !n4.GetConnected()
	})
	wants(t, "before", http.StatusOK, last, s.nodes...)
	res, err := client.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: name, Wait: durationpb.New(30 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	receipt := res.GetReceipt()
	if got := names(receipt.GetUnconfirmed()); !slices.Equal(receipt.GetConfirmed(), []string{"node-1", "node-2"}) || !slices.Equal(got, []string{"node-3", "node-4"}) {
		t.Errorf("confirmed %q, unconfirmed %q", receipt.GetConfirmed(), got)
	}
	for _, n := range receipt.GetUnconfirmed() {
		if n.GetConnected() || n.GetReason() != "it is not connected" || n.GetLastSeenTime() == nil {
			t.Errorf("the laggard is told as %v", n)
		}
	}
	wants(t, "connected", http.StatusUnauthorized, last, s.nodes[0], s.nodes[1])
	s.eventually("the node that is cut from the control plane learns through Redis", func(ctx context.Context) bool {
		code, err := statusOf(ctx, s.nodes[2], last, "plain")
		return err == nil && code == http.StatusUnauthorized
	})
	wants(t, "cut from both", http.StatusOK, last, s.nodes[3])

	// Started again without a control plane, each from an older snapshot: what was learned stays.
	s.plane.Kill()
	for _, node := range s.nodes[:3] {
		node.Restart()
		awaitReady(t, node)
	}
	wants(t, "restarted without the control plane", http.StatusUnauthorized, last, s.nodes[:3]...)
	wants(t, "restarted without the control plane", http.StatusUnauthorized, secrets[0], s.nodes[:3]...)
	wants(t, "a key that was not revoked", http.StatusOK, appKey, s.nodes...)

	s.plane.Run()
	for _, c := range cables {
		c.repair()
	}
	s.awaitNodes(4)
	wants(t, "repaired", http.StatusUnauthorized, last, s.nodes...)
	again, err := adminv1connect.NewKeyServiceClient(s.rpc()).RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{
		Name: name, Wait: durationpb.New(30 * time.Second),
	})
	if err != nil || len(again.GetReceipt().GetConfirmed()) != 4 {
		t.Errorf("asked again: %v, %v", again.GetReceipt(), err)
	}
}

// A stream that runs with a revoked key finishes, unless it was to be cut; a rotated secret
// works for its overlap, a disabled key at once no more and again when it is enabled.
func TestStreamsAndRotationOfKeys(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	client := adminv1connect.NewKeyServiceClient(s.rpc())
	create := func(name string) string {
		created, err := client.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: name, Groups: []string{"plain", "slow", "stalls"}}})
		if err != nil {
			t.Fatal(err)
		}
		return created.GetSecret()
	}
	for cut, model := range map[bool]string{false: "slow", true: "stalls"} {
		name := fmt.Sprintf("cut-%t", cut)
		secret := create(name)
		s.eventually("the key works", func(ctx context.Context) bool {
			code, err := statusOf(ctx, s.all, secret, "plain")
			return err == nil && code == http.StatusOK
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.api+"/v1/chat/completions",
			strings.NewReader(`{"model":"`+model+`","stream":true,"messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.ReadFull(resp.Body, make([]byte, 40)); err != nil {
			t.Fatalf("the stream does not begin: %v", err)
		}
		if _, err := client.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{
			Name: name, Wait: durationpb.New(10 * time.Second), CutStreams: cut,
		}); err != nil {
			t.Fatal(err)
		}
		wants(t, "revoked", http.StatusUnauthorized, secret, s.all)
		rest, err := io.ReadAll(resp.Body)
		ended := err == nil && strings.HasSuffix(strings.TrimSpace(string(rest)), "data: [DONE]")
		if ended == cut {
			t.Errorf("with cut_streams %t the stream ended cleanly: %t (%v): %s", cut, ended, err, rest)
		}
		if cut && !strings.Contains(string(rest), "invalid_api_key") {
			t.Errorf("the cut stream does not say why: %s", rest)
		}
	}

	old := create("rotated")
	awaits := func(what string, want int, secret string) {
		s.eventually(what, func(ctx context.Context) bool {
			code, err := statusOf(ctx, s.all, secret, "plain")
			return err == nil && code == want
		})
	}
	awaits("the key works", http.StatusOK, old)
	rotated, err := client.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "rotated", Overlap: durationpb.New(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	awaits("the new secret works", http.StatusOK, rotated.GetSecret())
	wants(t, "within the overlap", http.StatusOK, old, s.all)
	second, err := client.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "rotated"})
	if err != nil {
		t.Fatal(err)
	}
	awaits("the second secret works", http.StatusOK, second.GetSecret())
	wants(t, "rotated twice", http.StatusUnauthorized, old, s.all)
	wants(t, "rotated without overlap", http.StatusUnauthorized, rotated.GetSecret(), s.all)
	off := false
	if _, err := client.UpdateApiKey(t.Context(), &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "rotated", Groups: []string{"plain"}, Enabled: &off}}); err != nil {
		t.Fatal(err)
	}
	awaits("a disabled key is refused", http.StatusUnauthorized, second.GetSecret())
	if _, err := client.UpdateApiKey(t.Context(), &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "rotated", Groups: []string{"plain"}}}); err != nil {
		t.Fatal(err)
	}
	awaits("an enabled key works again", http.StatusOK, second.GetSecret())
}

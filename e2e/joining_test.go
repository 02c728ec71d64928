package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// closed starts a control plane without a preset join token.
func closed(t *testing.T) *stack {
	t.Helper()
	s := newStack(t)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.admin = s.plane.Address("console")
	return s
}

// operate runs trunklinectl and returns what it prints.
func (s *stack) operate(args ...string) string {
	s.t.Helper()
	out, err := s.ctl(args...).output()
	if err != nil {
		s.t.Fatalf("trunklinectl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// ticket makes a join token with the CLI.
func (s *stack) ticket(args ...string) (id, secret string) {
	s.t.Helper()
	var answer struct {
		JoinToken struct{ ID string } `json:"join_token"`
		Secret    string
	}
	out := s.operate(append([]string{"nodes", "create-join-token", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return answer.JoinToken.ID, answer.Secret
}

// joiner starts a node of that name, with a token or none.
func (s *stack) joiner(name, secret string) *program.Process {
	s.t.Helper()
	return programs.Start(s.t, "trunkline-dataplane", s.nodeEnv(secret), "--listen", anyPort, "--ops-listen", anyPort, "--node", name)
}

func (s *stack) nodeEnv(secret string) []string {
	env := []string{"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_DRAIN_DELAY=0s"}
	if secret != "" {
		env = append(env, "TRUNKLINE_JOIN_TOKEN="+secret)
	}
	return env
}

// awaitLog waits until the process logs the text.
func (s *stack) awaitLog(p *program.Process, text string) {
	s.t.Helper()
	s.eventually(p.Name+" logs "+text, func(context.Context) bool { return strings.Contains(p.Log(), text) })
}

func TestNodesJoinByToken(t *testing.T) {
	t.Parallel()
	s := closed(t)
	id, secret := s.ticket("--note", "rack 4", "--ttl", "10m")
	node := s.joiner("node-1", secret)
	s.nodes = append(s.nodes, node)
	s.awaitNodes(1)
	awaitReady(t, node)

	// The token is used up, and says by whom.
	second := s.joiner("node-2", secret)
	s.awaitLog(second, "join token "+id+" is used up")
	if list := s.operate("nodes", "list-join-tokens"); !strings.Contains(list, "1 of 1: node-1") || strings.Contains(list, secret) {
		t.Errorf("tokens:\n%s", list)
	}
	second.Stop()

	// What has joined returns without it; a folder that was lost does not.
	node.Env = s.nodeEnv("")
	node.Restart()
	s.awaitNodes(1)
	bare := exec.CommandContext(t.Context(), programs.Path(t, "trunkline-dataplane"), "--listen", anyPort, "--ops-listen", anyPort)
	bare.Dir, bare.Env = t.TempDir(), s.nodeEnv("")
	if out, err := bare.CombinedOutput(); err == nil || !strings.Contains(string(out), "trunklinectl nodes create-join-token") {
		t.Errorf("a node without a token: %v\n%s", err, out)
	}

	// Who speaks in clear is not heard.
	conn, err := grpc.NewClient(s.plane.Address("nodes"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	plain, err := nodev1.NewNodeServiceClient(conn).Sync(ctx)
	if err == nil {
		_, err = plain.Recv()
	}
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a client without TLS: %v", err)
	}
	if logs := s.plane.Log() + node.Log() + second.Log(); strings.Contains(logs, secret) {
		t.Error("a log holds the token")
	}
}

func TestARevokedNodeIsCutOff(t *testing.T) {
	t.Parallel()
	s := closed(t)
	_, many := s.ticket("--max-uses", "5")
	node := s.joiner("node-1", many)
	s.nodes = append(s.nodes, node, s.joiner("node-2", many))
	s.awaitNodes(2)
	s.operate("nodes", "revoke", "node-1")
	s.awaitNodes(1)
	s.awaitLog(node, "the node was revoked at ")
	s.awaitLog(node, "can join again only with a join token created after that") // it has tried its old one
	list, err := adminv1connect.NewNodeServiceClient(s.rpc()).ListNodes(t.Context(), &adminv1.ListNodesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list.GetNodes() {
		if n.GetRevoked() != (n.GetName() == "node-1") {
			t.Errorf("node %v", n)
		}
		if left := time.Until(n.GetCertificateExpireTime().AsTime()); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("the certificate of %s is good for %s", n.GetName(), left)
		}
	}
	s.servesNothing(node)
	if out := s.operate("nodes", "list"); !regexp.MustCompile(`(?m)^node-1 .*\brevoked\b`).MatchString(out) || !regexp.MustCompile(`(?m)^node-2 .*\bready\b`).MatchString(out) {
		t.Errorf("the list shows no states:\n%s", out)
	}
	node.Restart()                                          // it remembers
	s.awaitLog(node, "serving from the last good snapshot") // one that it was killed over it would not use again
	s.servesNothing(node)
	node.Env = append(node.Env, "TRUNKLINE_SERVE_WHEN_REVOKED=true")
	node.Restart()
	awaitReady(t, node)
	if code := s.callStatus(node); code != http.StatusOK {
		t.Errorf("the node answers %d although it is to serve on", code)
	}
	_, fresh := s.ticket()
	node.Env = s.nodeEnv(fresh)
	node.Restart()
	s.awaitNodes(2)
}

// servesNothing waits until a revoked node is not ready and refuses what comes.
func (s *stack) servesNothing(node *program.Process) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if code := s.callStatus(node); code == http.StatusServiceUnavailable {
			break
		} else if time.Now().After(deadline) {
			s.t.Fatalf("the revoked node answers %d", code)
		}
	}
	resp, err := http.Get(node.Address("ops") + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusServiceUnavailable || err != nil {
		s.t.Errorf("/readyz: %d %s, %v", resp.StatusCode, body, err)
	}
}

// The name of a node that serves is taken over with a token for that name only.
func TestAConnectedNodeKeepsItsName(t *testing.T) {
	t.Parallel()
	s := closed(t)
	_, many := s.ticket("--max-uses", "5")
	first := s.joiner("node-1", many)
	s.nodes = append(s.nodes, first)
	s.awaitNodes(1)
	second := s.joiner("node-1", many)
	s.awaitLog(second, "is connected: give this one another name")
	if code := s.callStatus(first); code != http.StatusOK {
		t.Errorf("the node that has the name answers %d", code)
	}
	_, bound := s.ticket("--node", "node-1")
	second.Env = s.nodeEnv(bound)
	second.Restart()
	s.awaitLog(first, "another node joined under this name")
	awaitReady(t, second)
}

// callStatus is how a node answers one call.
func (s *stack) callStatus(node *program.Process) int {
	s.t.Helper()
	body := strings.NewReader(`{"model":"plain","messages":[{"role":"user","content":"hi"}]}`)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, node.Address("api")+"/chat/completions", body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// A proxy that passes TCP on is no man in the middle.
func TestNodesReachTheControlPlaneThroughATCPBalancer(t *testing.T) {
	t.Parallel()
	s := closed(t)
	_, secret := s.ticket()
	front, err := net.Listen("tcp", anyPort)
	if err != nil {
		t.Fatal(err)
	}
	target := s.plane.Address("nodes")
	done := make(chan struct{})
	go func() {
		defer close(done)
		forward(front, target)
	}()
	t.Cleanup(func() {
		front.Close()
		<-done
	})
	env := []string{"TRUNKLINE_CONTROL_PLANE=" + front.Addr().String(), "TRUNKLINE_JOIN_TOKEN=" + secret}
	s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", env, "--listen", anyPort, "--ops-listen", anyPort, "--node", "behind"))
	s.awaitNodes(1)
}

// forward passes what comes on to target until the listener is closed, and ends with it.
func forward(lis net.Listener, target string) {
	var (
		wg    sync.WaitGroup
		conns []net.Conn
	)
	for {
		in, err := lis.Accept()
		if err != nil {
			break
		}
		out, err := net.Dial("tcp", target)
		if err != nil {
			in.Close()
			continue
		}
		conns = append(conns, in, out)
		wg.Go(func() { defer out.Close(); io.Copy(out, in) })
		wg.Go(func() { defer in.Close(); io.Copy(in, out) })
	}
	for _, c := range conns {
		c.Close()
	}
	wg.Wait()
}

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// uploads is an all-in-one with keys k0, k1 and so on, whose bodies the test sends. group is the control group that it
// runs in; empty: the test's.
func uploads(t *testing.T, keys int, group string, env ...string) *stack {
	t.Helper()
	s := forUploads(t, keys)
	s.all = programs.StartIn(t, group, "trunkline", append([]string{"ADMIN_PASSWORD=" + adminPassword}, env...),
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.api, s.admin = s.all.Address("console"), s.all.Address("console")
	s.awaitNodes(1)
	return s
}

// uploadsToNode is the same with a node, which alone is in the control group.
func uploadsToNode(t *testing.T, keys int, group string) *stack {
	t.Helper()
	s := forUploads(t, keys)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "DATABASE_URL=" + testenv.Postgres(t), "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	node := programs.StartIn(t, group, "trunkline-dataplane", []string{"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken},
		"--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1")
	s.nodes, s.api, s.admin = append(s.nodes, node), strings.TrimSuffix(node.Address("api"), "/v1"), s.plane.Address("console")
	s.awaitNodes(1)
	return s
}

// serving is the process that takes the uploads.
func (s *stack) serving() *program.Process {
	if s.all != nil {
		return s.all
	}
	return s.nodes[0]
}

// forUploads is a provider and a configuration, and nothing that serves.
func forUploads(t *testing.T, keys int) *stack {
	t.Helper()
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{MaxServed: -1})}
	up := httptest.NewServer(s.fake)
	t.Cleanup(up.Close)
	var config strings.Builder
	fmt.Fprintf(&config, "{kind: Provider, name: good, base_url: %q, allow_private_network: true, credentials: [{name: main, secret: up-secret}], models: [{id: ok}]}\n", up.URL)
	config.WriteString("---\n{kind: Group, name: g, members: [{provider: good, model: ok}]}\n")
	for i := range keys {
		fmt.Fprintf(&config, "---\n{kind: ApiKey, name: k%d, groups: [g], secret: %s}\n", i, uploadKey(i))
	}
	s.config = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(s.config, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func uploadKey(i int) string { return fmt.Sprintf("sk-upload-%026d", i) }

// upload posts a chat request of so many bytes, and gives its status; 0: the connection broke.
func (s *stack) upload(key, size int) int {
	body := fmt.Sprintf(`{"model":"g","messages":[{"role":"user","content":%q}]}`, bytes.Repeat([]byte("a"), size))
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.api+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+uploadKey(key))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// metric reads one that has no labels.
func (s *stack) metric(name string) float64 {
	s.t.Helper()
	resp, err := http.Get(s.serving().Address("ops") + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return value
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}

// 33 uploads of 32 MiB at 2 KB/s by one key: a gibibyte is announced, and nobody else notices.
func TestSlowUploadsOfOneKey(t *testing.T) {
	t.Parallel()
	s := uploads(t, 2, "")
	ctx, stop := context.WithCancel(t.Context())
	var slow sync.WaitGroup
	defer slow.Wait()
	defer stop()
	sent := s.uploadSlowly(ctx, &slow, 33)
	s.eventually("all uploads are under way", func(context.Context) bool { return s.metric("trunkline_calls_in_flight") >= 33 })
	for _, size := range []int{10, 100 << 10, 20 << 20} {
		for _, key := range []int{1, 0} { // the other key, and what else the same one does
			if status := s.upload(key, size); status != http.StatusOK {
				t.Errorf("key %d, %d bytes: status %d", key, size, status)
			}
		}
	}
	s.eventually("the answers' requests are let go", func(context.Context) bool {
		held, room := s.metric("trunkline_body_bytes"), int64(0)
		for i := range sent {
			room += roomOf(sent[i].Load())
		}
		return held > 0 && held <= float64(room)
	})
	stop()
	slow.Wait()
	s.eventually("nothing is held", func(context.Context) bool { return s.metric("trunkline_body_bytes") == 0 })
}

// roomOf is the most that may be held of a body of which so many bytes were sent: what it is read into grows fourfold.
func roomOf(sent int64) int64 {
	room := int64(16 << 10)
	for room < sent {
		room *= 4
	}
	return room + 64 // so that the end of a body of a round size is seen without growing
}

// uploadSlowly begins n uploads of 32 MiB by the first key, at 2 KB/s, which go on until ctx ends. It returns how many
// bytes of each body were sent.
func (s *stack) uploadSlowly(ctx context.Context, slow *sync.WaitGroup, n int) []atomic.Int64 {
	s.t.Helper()
	base, err := url.Parse(s.api)
	if err != nil {
		s.t.Fatal(err)
	}
	head := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", uploadKey(0), 32<<20)
	sent := make([]atomic.Int64, n)
	for i := range n {
		conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", base.Host)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.WriteString(conn, head); err != nil {
			s.t.Fatal(err)
		}
		slow.Go(func() {
			defer conn.Close()
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for piece := `{"model":"g","x":"` + strings.Repeat("a", 1<<10); ; piece = piece[len(piece)-1<<10:] {
				sent[i].Add(int64(len(piece))) // before they can have come
				if _, err := io.WriteString(conn, piece); err != nil {
					return // it took too long on this machine: no matter here
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return sent
}

// Large uploads of many keys at once take no more memory than the process may use, and give it
// back.
func TestLargeUploadsInLittleMemory(t *testing.T) {
	t.Parallel()
	const keys, size, limit = 12, 15 << 20, 256 << 20
	s := uploads(t, keys, "", "GOMEMLIMIT="+strconv.Itoa(limit))
	if bodies := s.metric("trunkline_body_bytes_limit"); bodies != limit/2 {
		t.Errorf("%v bytes for bodies, want half of the limit", bodies)
	}
	statuses := make([]int, keys)
	var all sync.WaitGroup
	for key := range keys {
		all.Go(func() { statuses[key] = s.upload(key, size) })
	}
	all.Wait()
	served := 0
	for key, status := range statuses {
		switch status {
		case http.StatusOK:
			served++
		case http.StatusServiceUnavailable, 0: // refused while it was sent
		default:
			t.Errorf("key %d: status %d", key, status)
		}
	}
	most := peakMemory(t, s.all.Pid())
	t.Logf("figures: %d of %d served, %d MiB at most", served, keys, most>>20)
	if served == 0 || most > limit+limit/2 {
		t.Errorf("%d served, %d bytes of memory at most", served, most)
	}
	if status := s.upload(0, 10); status != http.StatusOK {
		t.Errorf("status %d afterwards", status)
	}
	s.memoryReturns(limit/2 + limit/8)
}

// A container of 512 MiB survives 16 uploads of 30 MB at once, beside 33 slow ones, and gives the memory back.
func TestLargeUploadsInAContainer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, keys int, group string) *stack{
		"all in one": func(t *testing.T, keys int, group string) *stack { t.Helper(); return uploads(t, keys, group) },
		"node":       uploadsToNode,
	} {
		t.Run(name, func(t *testing.T) { largeUploadsInAContainer(t, start) })
	}
}

func largeUploadsInAContainer(t *testing.T, start func(t *testing.T, keys int, group string) *stack) {
	t.Helper()
	const keys, size, limit = 17, 30_000_000, 512 << 20
	group := memoryGroup(t, limit)
	s := start(t, keys, group)
	if bodies := s.metric("trunkline_body_bytes_limit"); bodies > limit/2 {
		t.Errorf("%v bytes for bodies of %d", bodies, limit)
	}
	ctx, stop := context.WithCancel(t.Context())
	var slow, all sync.WaitGroup
	s.uploadSlowly(ctx, &slow, 33)
	statuses := make([]int, keys)
	for key := 1; key < keys; key++ {
		all.Go(func() { statuses[key] = s.upload(key, size) })
	}
	all.Wait()
	stop()
	slow.Wait()
	served := 0
	for key, status := range statuses[1:] {
		switch status {
		case http.StatusOK:
			served++
		case http.StatusServiceUnavailable, 0: // refused while it was sent
		default:
			t.Errorf("key %d: status %d", key+1, status)
		}
	}
	t.Logf("figures: %d of %d served, %d MiB at most", served, keys-1, peakMemory(t, s.serving().Pid())>>20)
	if served == 0 {
		t.Error("none was served")
	}
	if status := s.upload(0, 10); status != http.StatusOK {
		t.Errorf("status %d afterwards", status)
	}
	s.memoryReturns(limit / 4)
}

// memoryGroups tells those of this process apart.
var memoryGroups atomic.Int32

// memoryGroup is a control group whose processes may use so many bytes of memory; without the right to make one the
// test is skipped.
func memoryGroup(t *testing.T, limit int64) string {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("no control groups here")
	}
	for line := range strings.Lines(string(own)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		root, file := "/sys/fs/cgroup", "memory.max"
		switch {
		case len(part) < 3:
			continue
		case part[1] == "memory": // version 1
			root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case part[1] != "":
			continue
		}
		group := filepath.Join(root, part[2], fmt.Sprintf("trunkline-test-%d-%d", os.Getpid(), memoryGroups.Add(1)))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) }) // an empty one harms nobody
		if os.WriteFile(filepath.Join(group, file), []byte(strconv.FormatInt(limit, 10)), 0o600) == nil {
			return group
		}
	}
	t.Skip("no control group of memory may be made here")
	return ""
}

// memoryReturns waits until no more than so many bytes are resident: without a large body for 10 s, memory goes back to
// the system.
func (s *stack) memoryReturns(most float64) {
	s.t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for resident := s.metric("process_resident_memory_bytes"); resident > most; resident = s.metric("process_resident_memory_bytes") {
		if time.Now().After(end) {
			s.t.Fatalf("%.0f bytes are resident two minutes later", resident)
		}
		time.Sleep(time.Second)
	}
}

// peakMemory is the most memory that a process has had, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("the system does not tell")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

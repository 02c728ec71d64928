package scale

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

var programs = program.Build(false, "trunkline-controlplane")

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }

// plane is a control-plane process, and a client of its API.
type plane struct {
	*program.Process
	t      *testing.T
	client *connect.Client
}

func startPlane(t *testing.T, database string) *plane {
	t.Helper()
	const anyPort = "127.0.0.1:0"
	p := &plane{t: t, Process: programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + password, "DATABASE_URL=" + database, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")), "TRUNKLINE_LOG_LEVEL=info",
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort)}
	p.signIn()
	return p
}

func (p *plane) signIn() {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.client = connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: 5 * time.Minute}, p.Address("console")))
	if _, err := adminv1connect.NewSessionServiceClient(p.client).Login(p.t.Context(), &adminv1.LoginRequest{Username: "admin", Password: password}); err != nil {
		p.t.Fatal(err)
	}
}

func keyName(i int) string { return fmt.Sprintf("key-%06d", i) }

func groupName(i int) string { return fmt.Sprintf("group-%03d", i%groups) }

// load applies the configuration in parts.
func (p *plane) load(keys int) {
	p.t.Helper()
	var all []*adminv1.Resource
	for i := range providers {
		var models []*adminv1.Model
		for m := range 5 {
			models = append(models, &adminv1.Model{Id: fmt.Sprintf("model-%d", m), Price: &adminv1.Price{Input: "0.15", Output: "0.60"}})
		}
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_Provider{Provider: &adminv1.Provider{
			Name: fmt.Sprintf("provider-%04d", i), BaseUrl: fmt.Sprintf("https://p%d.example.com/v1", i), Models: models,
			Credentials: []*adminv1.Credential{{Name: "main", Secret: fmt.Sprintf("secret-of-provider-%d", i)}},
		}}})
	}
	for i := range groups {
		var members []*adminv1.Member
		for m := range 10 {
			members = append(members, &adminv1.Member{Provider: fmt.Sprintf("provider-%04d", (i*5+m)%providers), Model: fmt.Sprintf("model-%d", m%5), Priority: int32(m + 1)})
		}
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: &adminv1.Group{Name: groupName(i), Members: members}}})
	}
	for i := range keys {
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_ApiKey{ApiKey: &adminv1.ApiKey{
			Name: keyName(i), Secret: fmt.Sprintf("a-secret-of-key-%08d", i), Groups: []string{groupName(i), groupName(i + 1)},
		}}})
	}
	for part := range slices.Chunk(all, 10_000) {
		if _, err := adminv1connect.NewConfigServiceClient(p.client).ApplyConfig(p.t.Context(), &adminv1.ApplyConfigRequest{Resources: part}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// change changes one group and returns the revision.
func (p *plane) change(i int) uint64 {
	p.t.Helper()
	client := adminv1connect.NewGroupServiceClient(p.client)
	got, err := client.GetGroup(p.t.Context(), &adminv1.GetGroupRequest{Name: groupName(i)})
	if err != nil {
		p.t.Fatal(err)
	}
	group := got.GetGroup()
	group.Members[0].Priority++
	res, err := client.UpdateGroup(p.t.Context(), &adminv1.UpdateGroupRequest{Group: group})
	if err != nil {
		p.t.Fatal(err)
	}
	revision, err := strconv.ParseUint(res.GetGroup().GetEtag(), 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return revision
}

func (p *plane) revision() uint64 {
	p.t.Helper()
	res, err := adminv1connect.NewNodeServiceClient(p.client).ListNodes(p.t.Context(), &adminv1.ListNodesRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	return res.GetRevision()
}

// awaitListed waits until the list of nodes shows every connected node at a revision.
func (p *plane) awaitListed(revision uint64) time.Time {
	p.t.Helper()
	client := adminv1connect.NewNodeServiceClient(p.client)
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := client.ListNodes(p.t.Context(), &adminv1.ListNodesRequest{})
		if err != nil {
			p.t.Fatal(err)
		}
		behind := 0
		for _, n := range res.GetNodes() {
			if n.GetName() != "real" && (!n.GetConnected() || n.GetAppliedRevision() < revision) {
				behind++
			}
		}
		if behind == 0 {
			return time.Now()
		}
	}
	p.t.Fatalf("not every node is listed with revision %d", revision)
	return time.Time{}
}

// metric reads one metric of the process.
func (p *plane) metric(name string) float64 {
	p.t.Helper()
	resp, err := http.Get(p.Address("ops") + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return f
		}
	}
	p.t.Fatalf("there is no metric %s", name)
	return 0
}

// sends is how many snapshots were sent, as a whole or as what changed.
func (p *plane) sends() float64 {
	return p.metric(`trunkline_snapshot_sends_total{kind="whole"}`) + p.metric(`trunkline_snapshot_sends_total{kind="delta"}`)
}

// sent is how many bytes of snapshots were sent.
func (p *plane) sent() float64 {
	return p.metric(`trunkline_snapshot_sent_bytes_total{kind="whole"}`) + p.metric(`trunkline_snapshot_sent_bytes_total{kind="delta"}`)
}

func (p *plane) cpu() float64 { return p.metric("process_cpu_seconds_total") }

// log says what the process holds now, and at most since it started.
func (p *plane) log(when string) {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		p.t.Fatal(err)
	}
	memory := map[string]int{}
	for line := range strings.SplitSeq(string(status), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && (name == "VmHWM" || name == "VmRSS") {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				p.t.Fatal(err)
			}
			memory[name] = kb / 1024
		}
	}
	p.t.Logf("control plane %s: %d MB resident, at most %d MB; %.1fs of CPU since its start; load %s",
		when, memory["VmRSS"], memory["VmHWM"], p.cpu(), loadAverage(p.t))
}

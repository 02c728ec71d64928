package cluster

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

const (
	// AdminPassword is that of the user admin.
	AdminPassword = "cluster-password"

	joinToken  = "cluster-join-token-0123456789"
	sealingKey = "cluster-sealing-key-0123456789ab" // 32 bytes
	anyPort    = "127.0.0.1:0"

	controlPlanes = 2
	nodes         = 3
)

// Cluster is the distributed form, running until the test ends.
type Cluster struct {
	Provider      *program.Process
	ControlPlanes []*program.Process
	Nodes         []*program.Process
	Proxy         *testenv.ProxyServer
	Database      string // its URL

	sample string          // the configuration of nginx
	out    map[string]bool // the names of those to which nginx leads nobody
}

// Start starts everything. In documents, the configuration to begin with, PROVIDER stands for the
// address of the scripted provider. nodeArgs are more arguments of the nodes.
func Start(t testing.TB, programs *program.Set, documents string, nodeArgs ...string) *Cluster {
	t.Helper()
	return StartOn(t, testenv.Postgres(t), programs, documents, nodeArgs...)
}

// StartOn is Start on a database of the caller's.
func StartOn(t testing.TB, database string, programs *program.Set, documents string, nodeArgs ...string) *Cluster {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("..", "..", "deployments", "nginx", "trunkline.conf"))
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Database: database, sample: string(sample), out: map[string]bool{}}
	c.Provider = programs.Start(t, "fakeprovider", nil, "--listen", anyPort)
	file := filepath.Join(t.TempDir(), "config.yaml")
	documents = strings.ReplaceAll(documents, "PROVIDER", strings.TrimSuffix(c.Provider.Address("api"), "/v1"))
	if err := os.WriteFile(file, []byte(documents), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"ADMIN_PASSWORD=" + AdminPassword, "DATABASE_URL=" + database, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte(sealingKey)), "TRUNKLINE_TRUST_FORWARDED_HEADERS=true",
	}
	var links []string
	for range controlPlanes {
		p := programs.Start(t, "trunkline-controlplane", env, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort,
			"--drain-delay", "0s", "--apply", file)
		c.ControlPlanes, links = append(c.ControlPlanes, p), append(links, p.Address("nodes"))
	}
	redis := testenv.Redis(t)
	env = []string{
		"TRUNKLINE_CONTROL_PLANE=" + strings.Join(links, ","), "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"REDIS_URL=" + redis.URL(), "TRUNKLINE_TRUST_FORWARDED_HEADERS=true",
	}
	for i := range nodes {
		args := append([]string{"--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)}, nodeArgs...)
		c.Nodes = append(c.Nodes, programs.Start(t, "trunkline-dataplane", env, args...))
	}
	c.Proxy = testenv.Nginx(t, c.site)
	return c
}

// site is the sample configuration with the addresses of this cluster.
func (c *Cluster) site(listen string) string {
	text := strings.Replace(c.sample, "listen 80;", "listen "+listen+";", 1)
	for i, p := range c.ControlPlanes {
		text = c.point(text, fmt.Sprintf("control-plane-%d", i+1), p.Address("console"))
	}
	for i, p := range c.Nodes {
		text = c.point(text, fmt.Sprintf("node-%d", i+1), strings.TrimSuffix(p.Address("api"), "/v1"))
	}
	return text
}

// point gives a server of the sample its address, and takes it out where that was asked for.
func (c *Cluster) point(text, name, url string) string {
	address := strings.TrimPrefix(url, "http://")
	if c.out[name] {
		address += " down"
	}
	return regexp.MustCompile(`server `+name+`:\d+`).ReplaceAllLiteralString(text, "server "+address)
}

// TakeOut has nginx lead nobody to a node or control plane any more, such as node-1; what is under way
// there goes on.
func (c *Cluster) TakeOut(t testing.TB, name string) {
	t.Helper()
	c.out[name] = true
	c.Proxy.Reload(t, c.site)
}

// PutBack ends TakeOut.
func (c *Cluster) PutBack(t testing.TB, name string) {
	t.Helper()
	delete(c.out, name)
	c.Proxy.Reload(t, c.site)
}

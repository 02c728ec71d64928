// Package docs holds the documents to what the programs do.
package docs

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	controlplane "github.com/trunkline-ai/trunkline/controlplane/server"
	dataplane "github.com/trunkline-ai/trunkline/dataplane/server"
	"github.com/trunkline-ai/trunkline/internal/connlimit"
	"github.com/trunkline-ai/trunkline/internal/ops"
)

var update = flag.Bool("update", false, "write docs/metrics.md instead of comparing it")

const metricsHead = `# Metrics

Every metric that the programs serve under ` + "`/metrics`" + ` on the ops port (control plane and all in one 8003, nodes 8083), in
Prometheus' text format. The all-in-one has both tables. Beside these come the metrics of the Go runtime and of the process
(` + "`go_*`, `process_*`" + `). Names of counters end in ` + "`_total`" + `, times are seconds, money is US dollars.

Labels have few values. ` + "`provider`, `group` and `keyword`" + ` are names of the configuration, at most 1,000 of each: who has a series keeps it as
long as the configuration has the name, what finds no place counts under ` + "`(other)`" + `, and series of what was deleted end. No label names a model,
an API key, a node, a client or an address: for those ask the calls (` + "`trunklinectl usage break-down`" + `). Values that are read from a request, such as
methods of the admin API, have a series only where they exist; others count under ` + "`(other)`" + `.
[operations.md](operations.md) says which to alert on.

This page is generated from what is registered: ` + "`go test ./e2e/docs -update`" + `.
`

// TestMetricsAreDocumented compares docs/metrics.md with what the programs register.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(metricsHead)
	writeTable(&page, "Control plane", controlPlaneMetrics(t))
	writeTable(&page, "Node", nodeMetrics(t))

	path := filepath.Join("..", "..", "docs", "metrics.md")
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != page.String() {
		t.Errorf("docs/metrics.md is not what the programs register: run go test ./e2e/docs -update")
	}
}

// TestDocumentsNameMetricsThatExist finds metrics in the documents that no program has.
func TestDocumentsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, m := range append(controlPlaneMetrics(t), nodeMetrics(t)...) {
		known[m.name] = true
	}
	documents, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	named := regexp.MustCompile("`(trunkline_[a-z_]+)")
	for _, path := range append(documents, filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			name := m[1]
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
			if !known[m[1]] && !known[name] {
				t.Errorf("%s names %s, which no program has", filepath.Base(path), m[1])
			}
		}
	}
}

func controlPlaneMetrics(t *testing.T) []metric {
	t.Helper()
	reg := &recorder{Registerer: prometheus.NewRegistry()}
	keys, err := secrets.NewKeyset(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, err := controlplane.New(t.Context(), controlplane.Config{
		DatabaseURL: "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db"), Keys: keys,
		AdminUsername: "admin", AdminPassword: "a-password-of-the-test",
		Logger: slog.New(slog.DiscardHandler), Metrics: reg,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	connlimit.New(connlimit.Config{Logger: slog.New(slog.DiscardHandler), Metrics: reg})
	ops.RegisterBuildInfo(reg)
	return reg.metrics(t)
}

func nodeMetrics(t *testing.T) []metric {
	t.Helper()
	reg := &recorder{Registerer: prometheus.NewRegistry()}
	s, err := dataplane.New(dataplane.Config{
		ControlPlane: "127.0.0.1:1", Node: "node-1", JoinToken: "preset-token-of-the-test", DataDir: t.TempDir(), RedisURL: "redis://127.0.0.1:1",
		Logger: slog.New(slog.DiscardHandler), Metrics: reg,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	connlimit.New(connlimit.Config{Logger: slog.New(slog.DiscardHandler), Metrics: reg})
	ops.RegisterBuildInfo(reg)
	return reg.metrics(t)
}

// recorder notes what is registered.
type recorder struct {
	prometheus.Registerer
	mu    sync.Mutex
	found []described
}

// described is a description and the collector that gave it.
type described struct {
	text string
	by   prometheus.Collector
}

func (r *recorder) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc)
	go func() { c.Describe(descs); close(descs) }()
	for d := range descs {
		r.mu.Lock()
		r.found = append(r.found, described{d.String(), c})
		r.mu.Unlock()
	}
	return r.Registerer.Register(c)
}

func (r *recorder) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// metric is a row of the page.
type metric struct{ name, kind, labels, help string }

var description = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", unit: "[^"]*", constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}\}$`)

func (r *recorder) metrics(t *testing.T) []metric {
	t.Helper()
	var all []metric
	for _, d := range r.found {
		m := description.FindStringSubmatch(d.text)
		if m == nil {
			t.Fatalf("cannot read %s", d.text)
		}
		if !strings.HasPrefix(m[1], "trunkline_") {
			continue
		}
		all = append(all, metric{name: m[1], kind: kind(m[1], d.by), labels: labels(m[3], m[4]), help: m[2]})
	}
	slices.SortFunc(all, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b metric) bool { return a.name == b.name })
}

// labels lists the names of both kinds of labels.
func labels(constant, variable string) string {
	var names []string
	for _, pair := range strings.Split(constant+","+variable, ",") {
		if name, _, _ := strings.Cut(pair, "="); name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// kind tells what a metric is; counters end in _total, as Prometheus wants them to.
func kind(name string, c prometheus.Collector) string {
	switch c.(type) {
	case prometheus.Histogram, *prometheus.HistogramVec:
		return "histogram"
	}
	if strings.HasSuffix(name, "_total") {
		return "counter"
	}
	return "gauge"
}

// unit is what the name says.
func unit(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, u := range []string{"seconds", "bytes", "usd"} {
		if strings.HasSuffix(name, "_"+u) || strings.HasSuffix(name, "_"+u+"_limit") {
			return u
		}
	}
	return ""
}

func writeTable(page *strings.Builder, title string, metrics []metric) {
	fmt.Fprintf(page, "\n## %s\n\n| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n", title)
	for _, m := range metrics {
		fmt.Fprintf(page, "| `%s` | %s | %s | %s | %s |\n", m.name, m.kind, m.labels, unit(m.name), strings.TrimSuffix(m.help, ".")+".")
	}
}

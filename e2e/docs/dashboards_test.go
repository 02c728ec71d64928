package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var grafana = filepath.Join("..", "..", "deployments", "grafana")

// expression is a query of a dashboard or a rule, and where it stands.
type expression struct{ where, text, legend string }

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Record, Alert, Expr string
			Labels, Annotations map[string]string
		}
	}
}

type dashboard struct {
	UID, Title string
	Panels     []struct {
		Title   string
		Targets []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func readRules(t *testing.T) (all ruleFile) {
	t.Helper()
	for _, path := range glob(t, "rules/*.yaml") {
		var f ruleFile
		text, err := os.ReadFile(path)
		if err == nil {
			err = yaml.Unmarshal(text, &f)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all.Groups = append(all.Groups, f.Groups...)
	}
	return all
}

func readDashboards(t *testing.T) (all []dashboard) {
	t.Helper()
	for _, path := range glob(t, "dashboards/*.json") {
		var d dashboard
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, d)
	}
	return all
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(grafana, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing is %s: %v", pattern, err)
	}
	return found
}

// of every target: what Prometheus adds, and what buckets have.
var addedLabels = []string{"instance", "job", "le"}

var (
	selectorForm = regexp.MustCompile(`\b(trunkline[a-z0-9_:]*)(\{[^}]*\})?`)
	matcherForm  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	byForm       = regexp.MustCompile(`\bby \(([^)]*)\)`)
	legendForm   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	valuesForm   = regexp.MustCompile(`^label_values\(([a-z_]+), ([a-z_]+)\)$`)
)

// TestDashboardsAndRulesUseWhatIsThere finds metrics and labels that no program has.
func TestDashboardsAndRulesUseWhatIsThere(t *testing.T) {
	t.Parallel()
	labelsOf := map[string][]string{} // by the metric, or by what is recorded
	for _, m := range append(controlPlaneMetrics(t), nodeMetrics(t)...) {
		names := append(strings.Split(m.labels, ", "), addedLabels...)
		for _, suffix := range map[string][]string{"histogram": {"_bucket", "_sum", "_count"}}[m.kind] {
			labelsOf[m.name+suffix] = names
		}
		if m.kind != "histogram" {
			labelsOf[m.name] = names
		}
	}
	var all []expression
	for _, g := range readRules(t).Groups {
		for _, r := range g.Rules {
			all = append(all, expression{where: r.Record + r.Alert, text: r.Expr})
			if r.Record != "" {
				labelsOf[r.Record] = grouped(r.Expr)
			}
		}
	}
	for _, d := range readDashboards(t) {
		for _, v := range d.Templating.List {
			if m := valuesForm.FindStringSubmatch(v.Definition); m != nil && !slices.Contains(labelsOf[m[1]], m[2]) {
				t.Errorf("%s, variable %s: %s has no label %s", d.Title, v.Name, m[1], m[2])
			}
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all = append(all, expression{d.Title + ", " + p.Title, target.Expr, target.LegendFormat})
			}
		}
	}
	if len(all) < 50 {
		t.Errorf("only %d expressions were found", len(all))
	}
	for _, e := range all {
		checkExpression(t, e, labelsOf)
	}
}

func checkExpression(t *testing.T, e expression, labelsOf map[string][]string) {
	t.Helper()
	var known []string
	for _, m := range selectorForm.FindAllStringSubmatch(e.text, -1) {
		labels, ok := labelsOf[m[1]]
		if !ok {
			t.Errorf("%s: no program has %s", e.where, m[1])
		}
		for _, matcher := range matcherForm.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, matcher[1]) {
				t.Errorf("%s: %s has no label %s", e.where, m[1], matcher[1])
			}
		}
		known = append(known, labels...)
	}
	for _, label := range grouped(e.text) {
		if !slices.Contains(known, label) && !strings.Contains(e.text, "process_") {
			t.Errorf("%s: nothing in it has the label %s", e.where, label)
		}
	}
	for _, m := range legendForm.FindAllStringSubmatch(e.legend, -1) {
		by := byForm.MatchString(e.text)
		if by && !slices.Contains(grouped(e.text), m[1]) || !by && len(known) > 0 && !slices.Contains(known, m[1]) {
			t.Errorf("%s: the legend names %s, which the result does not have", e.where, m[1])
		}
	}
}

// grouped are the labels that an expression keeps.
func grouped(text string) (labels []string) {
	for _, m := range byForm.FindAllStringSubmatch(text, -1) {
		for name := range strings.SplitSeq(m[1], ",") {
			labels = append(labels, strings.TrimSpace(name))
		}
	}
	return labels
}

// TestDashboardsCanBeProvided beside each other, on any data source.
func TestDashboardsCanBeProvided(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range readDashboards(t) {
		if d.UID == "" || seen[d.UID] || !strings.HasPrefix(d.Title, "Trunkline / ") {
			t.Errorf("%q has uid %q", d.Title, d.UID)
		}
		seen[d.UID] = true
		if len(d.Templating.List) == 0 || d.Templating.List[0].Name != "datasource" {
			t.Errorf("%s does not let one choose the data source", d.Title)
		}
	}
	for _, path := range glob(t, "dashboards/*.json") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), `"datasource": {`); n == 0 || strings.Count(string(text), `"uid": "${datasource}"`) != n {
			t.Errorf("%s names a data source of its own", path)
		}
	}
}

// TestEveryAlertHasItsTests, and words for who is woken by it.
func TestEveryAlertHasItsTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(grafana, "alerts_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var tests struct{ Tests []struct{ Name string } }
	if err := yaml.Unmarshal(text, &tests); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, test := range tests.Tests {
		have[test.Name] = true
	}
	alerts := 0
	for _, g := range readRules(t).Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			alerts++
			if !have[r.Alert+" fires"] || !have[r.Alert+" is quiet"] {
				t.Errorf("%s is not tested both ways", r.Alert)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
				t.Errorf("%s: %v %v", r.Alert, r.Labels, r.Annotations)
			}
		}
	}
	if alerts == 0 {
		t.Error("there are no alerts")
	}
}

// TestRulesPassPromtool, which also runs the tests of the alerts, and reads the queries of the dashboards.
func TestRulesPassPromtool(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("promtool is not installed: run scripts/setup-test.sh")
	}
	if err != nil {
		t.Skip("promtool is not installed")
	}
	rules := []string{"check", "rules"}
	for _, path := range glob(t, "rules/*.yaml") {
		rules = append(rules, filepath.Join("rules", filepath.Base(path)))
	}
	for _, args := range [][]string{rules, {"test", "rules", "alerts_test.yaml"}, {"check", "rules", queriesAsRules(t)}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = grafana
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

var variableForm = regexp.MustCompile(`\$\{?(\w+)\}?`)

// queriesAsRules writes the queries of the dashboards into a file that promtool reads, and returns its path. Variables
// are what Grafana would put in their place.
func queriesAsRules(t *testing.T) string {
	t.Helper()
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, d := range readDashboards(t) {
		values := map[string]string{"__rate_interval": "5m"}
		for _, v := range d.Templating.List {
			values[v.Name] = ".*"
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				expr := variableForm.ReplaceAllStringFunc(target.Expr, func(v string) string {
					value, ok := values[variableForm.FindStringSubmatch(v)[1]]
					if !ok {
						t.Errorf("%s, %s: nothing defines %s", d.Title, p.Title, v)
					}
					return value
				})
				rules = append(rules, rule{fmt.Sprintf("query_%d", len(rules)), expr})
			}
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboards", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dashboards.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

package check

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// Not checked here: that a cluster takes the objects and pods become ready. The types below are the API
// server's own, and decoded strictly, so an unknown or misplaced field is found.

var chartDir = filepath.Join(root, "deployments", "helm", "trunkline")

// object is a new value of the type that an apiVersion and kind name.
var objects = map[string]func() any{
	"v1/Service":                              func() any { return &corev1.Service{} },
	"v1/ServiceAccount":                       func() any { return &corev1.ServiceAccount{} },
	"v1/Secret":                               func() any { return &corev1.Secret{} },
	"v1/ConfigMap":                            func() any { return &corev1.ConfigMap{} },
	"apps/v1/Deployment":                      func() any { return &appsv1.Deployment{} },
	"apps/v1/StatefulSet":                     func() any { return &appsv1.StatefulSet{} },
	"batch/v1/Job":                            func() any { return &batchv1.Job{} },
	"policy/v1/PodDisruptionBudget":           func() any { return &policyv1.PodDisruptionBudget{} },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() any { return &networkingv1.NetworkPolicy{} },
	"networking.k8s.io/v1/Ingress":            func() any { return &networkingv1.Ingress{} },
	"monitoring.coreos.com/v1/ServiceMonitor": func() any { return &monitoringv1.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() any { return &monitoringv1.PrometheusRule{} },
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render is `helm template trunkline` with values, as objects by kind/name, and the notes.
func render(t *testing.T, values map[string]any) (map[string]any, string, error) {
	t.Helper()
	c := loadChart(t)
	with, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "trunkline", Namespace: "ai", Revision: 3, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, "", err
	}
	files, err := engine.Engine{Strict: true}.Render(c, with)
	if err != nil {
		return nil, "", err
	}
	all, notes := map[string]any{}, ""
	for name, text := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			notes = text
			continue
		}
		for _, document := range strings.Split("\n"+text, "\n---") {
			var head struct {
				APIVersion string `json:"apiVersion"`
				Kind       string `json:"kind"`
				Metadata   struct {
					Name string `json:"name"`
				} `json:"metadata"`
			}
			if err := yaml.Unmarshal([]byte(document), &head); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, document)
			}
			if head.Kind == "" {
				continue // nothing but comments
			}
			make := objects[head.APIVersion+"/"+head.Kind]
			if make == nil {
				t.Fatalf("%s: no type for %s %s", name, head.APIVersion, head.Kind)
			}
			object := make()
			if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
				t.Errorf("%s: %s %s: %v", name, head.Kind, head.Metadata.Name, err)
			}
			key := head.Kind + "/" + head.Metadata.Name
			if all[key] != nil {
				t.Errorf("%s is there twice", key)
			}
			all[key] = object
		}
	}
	return all, notes, nil
}

func valuesFile(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "ci", name))
	if err != nil {
		t.Fatal(err)
	}
	values, err := chartutil.ReadValues(text)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// files are sets of values that people have.
var files = []string{"minimal-values.yaml", "inline-values.yaml", "full-values.yaml"}

func TestHelmLint(t *testing.T) {
	t.Parallel()
	for _, file := range files {
		result := lint.AllWithKubeVersion(chartDir, valuesFile(t, file), "ai", nil)
		for _, m := range result.Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("with %s: %s", file, m)
			}
		}
	}
}

// workload is what all kinds with pods have in common.
type workload struct {
	name     string
	selector map[string]string
	template corev1.PodTemplateSpec
}

func workloads(all map[string]any) (found []workload) {
	for key, object := range all {
		switch o := object.(type) {
		case *appsv1.Deployment:
			found = append(found, workload{key, o.Spec.Selector.MatchLabels, o.Spec.Template})
		case *appsv1.StatefulSet:
			found = append(found, workload{key, o.Spec.Selector.MatchLabels, o.Spec.Template})
		case *batchv1.Job:
			found = append(found, workload{key, nil, o.Spec.Template})
		}
	}
	return found
}

func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

func TestHelmTemplate(t *testing.T) {
	t.Parallel()
	for file, kinds := range map[string]map[string]int{
		"minimal-values.yaml": {"Deployment": 1, "StatefulSet": 1, "Job": 1, "Service": 4, "ServiceAccount": 1, "PodDisruptionBudget": 2, "NetworkPolicy": 3},
		"inline-values.yaml":  {"Deployment": 1, "StatefulSet": 1, "Service": 4, "Secret": 1},
		"full-values.yaml": {"Deployment": 1, "StatefulSet": 1, "Job": 1, "Service": 4, "ServiceAccount": 1, "PodDisruptionBudget": 2, "NetworkPolicy": 3,
			"HorizontalPodAutoscaler": 1, "Ingress": 2, "ServiceMonitor": 1},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			all, notes, err := render(t, valuesFile(t, file))
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for key := range all {
				kind, _, _ := strings.Cut(key, "/")
				count[kind]++
			}
			for kind, n := range kinds {
				if count[kind] != n {
					t.Errorf("%d of %s, want %d", count[kind], kind, n)
				}
			}
			for kind := range count {
				if kinds[kind] == 0 && kind != "PrometheusRule" && kind != "ConfigMap" {
					t.Errorf("nobody asked for %s", kind)
				}
			}
			if !strings.Contains(notes, "http://trunkline.ai:8080/v1") {
				t.Errorf("the notes do not say where to call:\n%s", notes)
			}
			for _, w := range workloads(all) {
				checkPod(t, w, all)
			}
			checkSelectors(t, all)
		})
	}
}

// checkPod holds a pod to Pod Security "restricted", and to what its program knows and needs.
func checkPod(t *testing.T, w workload, all map[string]any) {
	t.Helper()
	spec := w.template.Spec
	if w.selector != nil && !selects(w.selector, w.template.Labels) {
		t.Errorf("%s does not select its own pods", w.name)
	}
	if s := spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%s: the pod's security context is %+v", w.name, s)
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Errorf("%s gets a token of the API server, which it does not use", w.name)
	}
	if len(spec.Containers) != 1 {
		t.Fatalf("%s has %d containers", w.name, len(spec.Containers))
	}
	c := spec.Containers[0]
	if s := c.SecurityContext; s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
		s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("%s: the container's security context is %+v", w.name, s)
	}
	checkCommand(t, w.name, c.Command)
	var names []string
	volumes := map[string]corev1.Volume{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = v
	}
	if set, ok := all[w.name].(*appsv1.StatefulSet); ok {
		for _, claim := range set.Spec.VolumeClaimTemplates {
			volumes[claim.Name] = corev1.Volume{Name: claim.Name}
		}
	}
	for _, m := range c.VolumeMounts {
		if _, ok := volumes[m.Name]; !ok {
			t.Errorf("%s mounts %s, which is no volume", w.name, m.Name)
		}
	}
	for _, e := range c.Env {
		names = append(names, e.Name)
		if key, isFile := strings.CutPrefix(e.Value, "/run/secrets/trunkline/"); isFile &&
			!slices.ContainsFunc(volumes["secrets"].Secret.Items, func(i corev1.KeyToPath) bool { return i.Path == key }) {
			t.Errorf("%s reads %s, which is not mounted", w.name, e.Value)
		}
	}
	checkEnvironment(t, w.name, c.Command[0], names)
	if volumes["secrets"].Secret.SecretName == "trunkline" {
		made, _ := all["Secret/trunkline"].(*corev1.Secret)
		for _, item := range volumes["secrets"].Secret.Items {
			if made == nil || made.StringData[item.Key] == "" {
				t.Errorf("%s needs %s of a Secret that does not have it", w.name, item.Key)
			}
		}
	}
	if len(c.Command) > 1 {
		return // it does not serve
	}
	ports := map[string]bool{}
	for _, p := range c.Ports {
		ports[p.Name] = true
	}
	for what, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || !ports[probe.HTTPGet.Port.StrVal] {
			t.Errorf("%s: the %s probe asks %+v", w.name, what, probe)
		}
	}
	// Readiness is lost well within the drain delay, which begins with SIGTERM.
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	delay, err := time.ParseDuration(env["TRUNKLINE_DRAIN_DELAY"])
	if probe := c.ReadinessProbe; err != nil || time.Duration(probe.PeriodSeconds*probe.FailureThreshold)*time.Second >= delay {
		t.Errorf("%s drains for %v, %v, and its readiness is asked every %d s", w.name, delay, err, probe.PeriodSeconds)
	}
	need := delay + 30*time.Second
	if timeout := env["TRUNKLINE_DRAIN_TIMEOUT"]; timeout != "" {
		streams, err := time.ParseDuration(timeout)
		if err != nil {
			t.Error(err)
		}
		need = delay + streams
	}
	if c.Lifecycle != nil {
		need += time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	}
	if grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second; grace <= need {
		t.Errorf("%s may be killed after %v, and needs %v to drain", w.name, grace, need)
	}
}

// checkSelectors wants each object that selects pods to find some, at ports that they have.
func checkSelectors(t *testing.T, all map[string]any) {
	t.Helper()
	all2 := workloads(all)
	find := func(key string, selector map[string]string) *workload {
		for _, w := range all2 {
			if selects(selector, w.template.Labels) {
				return &w
			}
		}
		t.Errorf("%s selects no pods: %v", key, selector)
		return nil
	}
	has := func(w *workload, port string) bool {
		return w != nil && slices.ContainsFunc(w.template.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool { return p.Name == port })
	}
	for key, object := range all {
		switch o := object.(type) {
		case *corev1.Service:
			w := find(key, o.Spec.Selector)
			for _, p := range o.Spec.Ports {
				if !has(w, p.TargetPort.StrVal) {
					t.Errorf("%s leads to port %s, which its pods do not have", key, p.TargetPort.StrVal)
				}
			}
		case *policyv1.PodDisruptionBudget:
			find(key, o.Spec.Selector.MatchLabels)
		case *networkingv1.NetworkPolicy:
			if strings.HasSuffix(key, "-migration") {
				continue // there is a Job for it only while it is enabled
			}
			w := find(key, o.Spec.PodSelector.MatchLabels)
			for _, rule := range o.Spec.Ingress {
				for _, p := range rule.Ports {
					if !has(w, p.Port.StrVal) {
						t.Errorf("%s opens port %s, which its pods do not have", key, p.Port.StrVal)
					}
				}
			}
		case *networkingv1.Ingress:
			var paths []string
			for _, path := range o.Spec.Rules[0].HTTP.Paths {
				paths = append(paths, path.Path)
				backend := path.Backend.Service
				s, _ := all["Service/"+backend.Name].(*corev1.Service)
				if s == nil || s.Spec.Ports[0].Name != backend.Port.Name {
					t.Errorf("%s leads to %s, port %s, which is not there", key, backend.Name, backend.Port.Name)
				}
			}
			// Kubernetes compares whole elements of a path: /v1 does not lead to /v1beta.
			if want := map[string][]string{"trunkline-console": {"/"}, "trunkline-api": {"/v1", "/v1beta"}}[o.Name]; !slices.Equal(paths, want) {
				t.Errorf("%s has the paths %q, want %q", key, paths, want)
			}
		case *autoscalingv2.HorizontalPodAutoscaler:
			set, _ := all[o.Spec.ScaleTargetRef.Kind+"/"+o.Spec.ScaleTargetRef.Name].(*appsv1.StatefulSet)
			if set == nil || set.Spec.Replicas != nil {
				t.Errorf("%s scales %v, whose replicas are fixed or which is not there", key, o.Spec.ScaleTargetRef)
			}
			if len(o.Spec.Metrics) != 2 || o.Spec.Metrics[0].Pods == nil || o.Spec.Metrics[0].Pods.Metric.Name != "trunkline_calls_in_flight" {
				t.Errorf("%s goes by %+v", key, o.Spec.Metrics)
			}
		case *monitoringv1.ServiceMonitor:
			n := 0
			for _, other := range all {
				if s, ok := other.(*corev1.Service); ok && selects(o.Spec.Selector.MatchLabels, s.Labels) {
					n++
					if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == o.Spec.Endpoints[0].Port }) {
						t.Errorf("%s asks %s at port %s, which it does not have", key, s.Name, o.Spec.Endpoints[0].Port)
					}
				}
			}
			if n != 2 {
				t.Errorf("%s finds %d services, want those of both planes once", key, n)
			}
		}
	}
}

// TestHelmRestartsWhoReadsASecret: a secret of the control plane alone does not drain the nodes, nor the other way.
func TestHelmRestartsWhoReadsASecret(t *testing.T) {
	t.Parallel()
	checksums := func(change, to string) (controlPlane, node string) {
		t.Helper()
		values := valuesFile(t, "inline-values.yaml")
		secrets, _ := values["secrets"].(map[string]any)
		secrets[change] = to
		all, _, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		const name = "checksum/secret"
		return all["Deployment/trunkline-control-plane"].(*appsv1.Deployment).Spec.Template.Annotations[name],
			all["StatefulSet/trunkline-node"].(*appsv1.StatefulSet).Spec.Template.Annotations[name]
	}
	controlPlane, node := checksums("redisUrl", "")
	for secret, tt := range map[string]struct {
		to                 string
		controlPlane, node bool
	}{
		"adminPassword": {"another password", true, false},
		"secretKey":     {"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=", true, false},
		"databaseUrl":   {"postgres://elsewhere/trunkline", true, false},
		"redisUrl":      {"redis://elsewhere:6379/0", false, true},
		"joinToken":     {"fedcba9876543210", true, true},
	} {
		if c, n := checksums(secret, tt.to); c != controlPlane != tt.controlPlane || n != node != tt.node {
			t.Errorf("another %s restarts control planes: %v, nodes: %v; want %v, %v", secret, c != controlPlane, n != node, tt.controlPlane, tt.node)
		}
	}
}

// valueBlocks are the values that the chart's README shows.
var valueBlocks = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestHelmReadme renders the values of the README, and finds what its commands and texts name.
func TestHelmReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := valueBlocks.FindAllSubmatch(text, -1)
	if len(blocks) < 4 {
		t.Fatalf("%d blocks of values", len(blocks))
	}
	for _, block := range blocks {
		values, err := chartutil.ReadValues(block[1])
		if err != nil {
			t.Fatalf("%v\n%s", err, block[1])
		}
		values = chartutil.CoalesceTables(values, valuesFile(t, "minimal-values.yaml"))
		all, _, err := render(t, values)
		if err != nil {
			t.Errorf("%v\n%s", err, block[1])
			continue
		}
		for _, w := range workloads(all) {
			checkPod(t, w, all)
		}
	}
}

// TestHelmRefuses values that cannot work, before anything is installed.
func TestHelmRefuses(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		`{}`: "secrets.existingSecret, is required",
		`{secrets: {existingSecret: s}, nodes: {replica: 3}}`:                             "replica",
		`{secrets: {existingSecret: s}, nodes: {replicas: 0}}`:                            "replicas",
		`{secrets: {existingSecret: s}, image: {digest: latest}}`:                         "digest",
		`{secrets: {databaseUrl: "mysql://x"}}`:                                           "databaseUrl",
		`{secrets: {adminPassword: short}}`:                                               "adminPassword",
		`{secrets: {secretKey: c2hvcnQ=}}`:                                                "secretKey",
		`{secrets: {secretKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,c2hvcnQ="}}`: "secretKey",
		`{secrets: {existingSecret: s}, logLevel: loud}`:                                  "logLevel",
		`{secrets: {existingSecret: s}, nodes: {autoscaling: {enabled: true, inFlight: {enabled: false}, cpu: {enabled: false}}}}`: "needs inFlight.enabled or cpu.enabled",
	} {
		read, err := chartutil.ReadValues([]byte(values))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := render(t, read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %s", values, err, want)
		}
	}
}

// TestDashboardsAndRulesAreInTheChart, once there are some in deployments/grafana.
func TestDashboardsAndRulesAreInTheChart(t *testing.T) {
	t.Parallel()
	all, _, err := render(t, valuesFile(t, "full-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for pattern, kind := range map[string]string{"dashboards/*.json": "ConfigMap/trunkline-dashboard-", "rules/*.yaml": "PrometheusRule/trunkline-"} {
		found, err := filepath.Glob(filepath.Join(root, "deployments", "grafana", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			object := all[kind+name]
			if object == nil {
				t.Errorf("%s is not in the chart as %s%s", path, kind, name)
				continue
			}
			if m, ok := object.(*corev1.ConfigMap); ok {
				text, err := os.ReadFile(path)
				if err != nil || !bytes.Equal(bytes.TrimSpace(text), []byte(strings.TrimSpace(m.Data[filepath.Base(path)]))) {
					t.Errorf("%s is another one in the chart, %v", path, err)
				}
			}
		}
	}
}

// What pods may reach out to is everything, unless the values say otherwise; names and, for nodes, the
// control plane are never cut off.
func TestHelmEgress(t *testing.T) {
	t.Parallel()
	of := func(file string, change func(egress map[string]any)) map[string]*networkingv1.NetworkPolicy {
		values := valuesFile(t, file)
		if change != nil {
			change(values["networkPolicy"].(map[string]any)["egress"].(map[string]any))
		}
		all, _, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]*networkingv1.NetworkPolicy{}
		for _, object := range all {
			if p, is := object.(*networkingv1.NetworkPolicy); is {
				found[p.Spec.PodSelector.MatchLabels["app.kubernetes.io/component"]] = p
			}
		}
		return found
	}
	for component, p := range of("minimal-values.yaml", nil) {
		if len(p.Spec.Egress) != 0 || slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			t.Errorf("%s: egress is %v without being asked for", component, p.Spec.Egress)
		}
	}
	limited := of("full-values.yaml", nil)
	for component, rules := range map[string]int{"control-plane": 3, "migration": 3, "node": 4} {
		p := limited[component]
		if p == nil || len(p.Spec.Egress) != rules || !slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			t.Fatalf("%s: %+v, want %d egress rules", component, p, rules)
		}
		if names := p.Spec.Egress[0]; len(names.Ports) != 2 || names.Ports[0].Port.IntVal != 53 || len(names.To) != 1 {
			t.Errorf("%s: the rule for names is %+v", component, names)
		}
	}
	plane := limited["node"].Spec.Egress[3]
	if len(plane.Ports) != 1 || plane.Ports[0].Port.StrVal != "nodes" || len(plane.To) != 1 || plane.To[0].PodSelector.MatchLabels["app.kubernetes.io/component"] != "control-plane" {
		t.Errorf("nodes reach the control plane by %+v", plane)
	}
	open := of("full-values.yaml", func(egress map[string]any) { delete(egress, "controlPlane"); delete(egress, "node") })
	for component, p := range open {
		if len(p.Spec.Egress) == 0 || len(p.Spec.Egress[0].Ports)+len(p.Spec.Egress[0].To) != 0 {
			t.Errorf("%s: without rules egress is %+v, want everything", component, p.Spec.Egress)
		}
	}
}

package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3" // named by the sample
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"sigs.k8s.io/yaml"
)

var envoySample = filepath.Join(root, "deployments", "envoy", "envoy.yaml")

// TestEnvoy holds the sample to Envoy's own protos and their rules, and to what streams need. It is run by
// e2e/cluster.
func TestEnvoy(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(envoySample)
	if err != nil {
		t.Fatal(err)
	}
	config, err := readEnvoy(text)
	if err != nil {
		t.Fatal(err)
	}
	clusters := map[string]*clusterv3.Cluster{}
	for _, c := range config.GetStaticResources().GetClusters() {
		clusters[c.GetName()] = c
		checks := c.GetHealthChecks()
		if len(checks) != 1 || checks[0].GetHttpHealthCheck().GetPath() != "/readyz" || checks[0].GetUnhealthyThreshold().GetValue() != 1 ||
			checks[0].GetInterval().AsDuration() != checks[0].GetNoTrafficInterval().AsDuration() {
			t.Errorf("cluster %s is not asked for its readiness: %v", c.GetName(), checks)
		}
		if threshold := c.GetCommonLbConfig().GetHealthyPanicThreshold(); threshold == nil || threshold.GetValue() != 0 {
			t.Errorf("cluster %s asks those that are not ready when most are not", c.GetName())
		}
	}
	wantEndpoints(t, clusters["nodes"], 3, 8080, 8083)
	wantEndpoints(t, clusters["control_planes"], 2, 8001, 8003)

	filters := config.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()
	var manager hcmv3.HttpConnectionManager
	if err := filters[0].GetTypedConfig().UnmarshalTo(&manager); err != nil {
		t.Fatal(err)
	}
	if upgrades := manager.GetUpgradeConfigs(); len(upgrades) != 1 || upgrades[0].GetUpgradeType() != "websocket" {
		t.Errorf("upgrades are %v, want WebSockets to pass", upgrades)
	}
	if manager.RequestTimeout == nil || manager.GetRequestTimeout().AsDuration() != 0 || !manager.GetUseRemoteAddress().GetValue() {
		t.Error("uploads are cut, or clients' addresses are not passed on")
	}
	// A plain call may be silent for as long as it may take.
	if silence := manager.GetStreamIdleTimeout().AsDuration(); silence <= drain(t, "trunkline-dataplane") {
		t.Errorf("a call that is silent for %v is cut", silence)
	}
	routes := manager.GetRouteConfig().GetVirtualHosts()[0].GetRoutes()
	if len(routes) != 2 || routes[0].GetMatch().GetPrefix() != "/v1" || routes[0].GetRoute().GetCluster() != "nodes" {
		t.Errorf("the routes are %v", routes)
	}
	for _, r := range routes {
		wantRoute(t, clusters, r)
	}
}

func wantRoute(t *testing.T, clusters map[string]*clusterv3.Cluster, r *routev3.Route) {
	t.Helper()
	to := r.GetRoute()
	if clusters[to.GetCluster()] == nil {
		t.Errorf("the route of %s leads nowhere", r.GetMatch().GetPrefix())
	}
	if to.Timeout == nil || to.GetTimeout().AsDuration() != 0 {
		t.Errorf("the route of %s cuts streams", r.GetMatch().GetPrefix())
	}
	if to.GetRetryPolicy().GetRetryOn() != "connect-failure" {
		t.Errorf("the route of %s repeats calls on %q", r.GetMatch().GetPrefix(), to.GetRetryPolicy().GetRetryOn())
	}
}

func wantEndpoints(t *testing.T, c *clusterv3.Cluster, n int, port, ops uint32) {
	t.Helper()
	ends := c.GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints()
	if len(ends) != n {
		t.Errorf("cluster %s has %d endpoints, want %d", c.GetName(), len(ends), n)
	}
	for _, e := range ends {
		at := func(a *corev3.Address) uint32 { return a.GetSocketAddress().GetPortValue() }
		if at(e.GetEndpoint().GetAddress()) != port || e.GetEndpoint().GetHealthCheckConfig().GetPortValue() != ops {
			t.Errorf("cluster %s: an endpoint is %v", c.GetName(), e)
		}
	}
}

// TestEnvoyValidates has Envoy itself judge the sample, where there is one.
func TestEnvoyValidates(t *testing.T) {
	t.Parallel()
	envoy, err := exec.LookPath("envoy")
	if err != nil {
		t.Skip("envoy is not on this machine")
	}
	if out, err := exec.CommandContext(t.Context(), envoy, "--mode", "validate", "-c", envoySample).CombinedOutput(); err != nil {
		t.Errorf("envoy --mode validate: %v\n%s", err, out)
	}
}

// TestEnvoyIsReadStrictly: a field that does not exist, and a value that Envoy's rules forbid, are found wherever they are.
func TestEnvoyIsReadStrictly(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"an unknown field":           `static_resources: {listener: []}`,
		"an unknown field of a type": `static_resources: {listeners: [{name: a, filter_chains: [{filters: [{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router, no: 1}}]}]}]}`,
		"a port out of range":        `static_resources: {listeners: [{name: a, address: {socket_address: {address: a, port_value: 70000}}}]}`,
		"a rule within a type":       `static_resources: {listeners: [{name: a, filter_chains: [{filters: [{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager}}]}]}]}`,
	} {
		if _, err := readEnvoy([]byte(text)); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

// readEnvoy reads a configuration of Envoy, knowing every field and holding each message to its rules.
func readEnvoy(text []byte) (*bootstrapv3.Bootstrap, error) {
	object, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	var config bootstrapv3.Bootstrap
	if err := protojson.Unmarshal(object, &config); err != nil {
		return nil, err
	}
	return &config, validate(&config)
}

// validate holds a message to its rules, and so what is packed in it.
func validate(m proto.Message) error {
	if v, ok := m.(interface{ ValidateAll() error }); ok {
		if err := v.ValidateAll(); err != nil {
			return err
		}
	}
	if packed, ok := m.(*anypb.Any); ok {
		inner, err := packed.UnmarshalNew()
		if err != nil {
			return err
		}
		return validate(inner)
	}
	var fault error
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		each := func(v protoreflect.Value) bool {
			fault = validate(v.Message().Interface())
			return fault == nil
		}
		switch {
		case field.IsMap():
			if field.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { return each(v) })
			}
		case field.Message() == nil:
		case field.IsList():
			for i := range v.List().Len() {
				if !each(v.List().Get(i)) {
					break
				}
			}
		default:
			return each(v)
		}
		return fault == nil
	})
	return fault
}

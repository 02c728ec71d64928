package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// Envoy cannot be had here, so its configuration is not run: it is read strictly as far as the fields
// that streams depend on. nginx' and HAProxy's are run by e2e/cluster.
func TestEnvoy(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deployments", "envoy", "envoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type route struct {
		Cluster     string `json:"cluster"`
		Timeout     string `json:"timeout"`
		RetryPolicy struct {
			RetryOn    string `json:"retry_on"`
			NumRetries int    `json:"num_retries"`
		} `json:"retry_policy"`
	}
	var config struct {
		StaticResources struct {
			Listeners []struct {
				Name         string `json:"name"`
				Address      any    `json:"address"`
				FilterChains []struct {
					Filters []struct {
						Name        string `json:"name"`
						TypedConfig struct {
							Type              string `json:"@type"`
							StatPrefix        string `json:"stat_prefix"`
							UseRemoteAddress  bool   `json:"use_remote_address"`
							StreamIdleTimeout string `json:"stream_idle_timeout"`
							RequestTimeout    string `json:"request_timeout"`
							DrainTimeout      string `json:"drain_timeout"`
							HTTPFilters       []any  `json:"http_filters"`
							UpgradeConfigs    []struct {
								UpgradeType string `json:"upgrade_type"`
							} `json:"upgrade_configs"`
							RouteConfig struct {
								VirtualHosts []struct {
									Name    string   `json:"name"`
									Domains []string `json:"domains"`
									Routes  []struct {
										Match struct {
											Prefix string `json:"prefix"`
										} `json:"match"`
										Route route `json:"route"`
									} `json:"routes"`
								} `json:"virtual_hosts"`
							} `json:"route_config"`
						} `json:"typed_config"`
					} `json:"filters"`
				} `json:"filter_chains"`
			} `json:"listeners"`
			Clusters []struct {
				Name           string `json:"name"`
				Type           string `json:"type"`
				ConnectTimeout string `json:"connect_timeout"`
				LBPolicy       string `json:"lb_policy"`
				HealthChecks   []struct {
					Timeout            string `json:"timeout"`
					Interval           string `json:"interval"`
					UnhealthyThreshold int    `json:"unhealthy_threshold"`
					HealthyThreshold   int    `json:"healthy_threshold"`
					HTTPHealthCheck    struct {
						Path string `json:"path"`
					} `json:"http_health_check"`
				} `json:"health_checks"`
				LoadAssignment any `json:"load_assignment"`
			} `json:"clusters"`
		} `json:"static_resources"`
	}
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		t.Fatal(err)
	}
	clusters := map[string]bool{}
	for _, c := range config.StaticResources.Clusters {
		clusters[c.Name] = true
		if len(c.HealthChecks) != 1 || c.HealthChecks[0].HTTPHealthCheck.Path != "/readyz" {
			t.Errorf("cluster %s is not asked for its readiness", c.Name)
		}
	}
	filter := config.StaticResources.Listeners[0].FilterChains[0].Filters[0].TypedConfig
	routes := filter.RouteConfig.VirtualHosts[0].Routes
	if len(routes) != 2 || routes[0].Match.Prefix != "/v1" || routes[0].Route.Cluster != "nodes" || filter.RequestTimeout != "0s" {
		t.Errorf("the routes are %+v", routes)
	}
	if len(filter.UpgradeConfigs) != 1 || filter.UpgradeConfigs[0].UpgradeType != "websocket" {
		t.Errorf("upgrades are %+v, want WebSockets to pass", filter.UpgradeConfigs)
	}
	for _, r := range routes {
		if !clusters[r.Route.Cluster] || r.Route.Timeout != "0s" || r.Route.RetryPolicy.RetryOn != "connect-failure" {
			t.Errorf("the route of %s cuts streams, repeats calls or leads nowhere: %+v", r.Match.Prefix, r.Route)
		}
	}
	if strings.Count(string(text), "port_value: 8083") != 3 || strings.Count(string(text), "port_value: 8003") != 2 {
		t.Error("health is not asked on the ops ports")
	}
}

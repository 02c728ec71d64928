package routing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// providerState writes a provider's health on one line, and one for each of its parts.
func providerState(h *adminv1.ProviderHealth) string {
	line := shortState(h.GetState())
	if h.GetReason() != "" {
		line += " (" + h.GetReason() + ")"
	}
	if h.GetRemaining() != nil {
		line += " " + h.GetRemaining().AsDuration().String()
	}
	line += fmt.Sprintf(", %d of %d models", h.GetUsableModels(), h.GetModelCount())
	for _, t := range h.GetTargets() {
		line += "\n" + strings.TrimSpace(t.GetModel()+t.GetCredential()+" "+shortState(t.GetState()))
		if t.GetReason() != "" {
			line += " (" + t.GetReason() + ")"
		}
		if t.GetRemaining() != nil {
			line += " " + t.GetRemaining().AsDuration().String()
		}
		if t.GetFailures() > 0 {
			line += fmt.Sprintf(" %d failures", t.GetFailures())
		}
		if t.GetDerived() {
			line += " derived"
		}
		line += " on " + strings.Join(t.GetNodes(), ",")
	}
	return line
}

func TestProviderHealth(t *testing.T) {
	t.Parallel()
	node := func(name string, lines ...*adminv1.TargetHealth) *adminv1.Node {
		return &adminv1.Node{Name: name, Connected: true, Targets: lines}
	}
	derived := health("a", "", "", "cooling", "server_error", 8, 0)
	derived.Derived = true
	tests := []struct {
		name  string
		nodes []*adminv1.Node
		want  string // of provider a with the models dear and cheap, the credentials k1 and k2, and old, which is disabled
	}{
		{"no node", nil, "healthy, 2 of 2 models"},
		{"others are in trouble", []*adminv1.Node{node("n1", health("b", "", "", "cooling", "busy", 9, 0))}, "healthy, 2 of 2 models"},
		{"a node that left", []*adminv1.Node{{Name: "n1", Targets: []*adminv1.TargetHealth{health("a", "", "", "cooling", "busy", 9, 0)}}}, "healthy, 2 of 2 models"},
		{
			"what is not configured does not matter",
			[]*adminv1.Node{node("n1", health("a", "gone", "", "cooling", "busy", 9, 0), health("a", "", "old", "cooling", "auth_failed", 9, 0))},
			"healthy, 2 of 2 models",
		},
		{
			"failures", []*adminv1.Node{node("n1", health("a", "cheap", "", "degraded", "", 0, 2)), node("n2", health("a", "cheap", "", "degraded", "", 0, 3))},
			"degraded, 2 of 2 models\ncheap degraded 3 failures on n1,n2",
		},
		{
			"one model of two", []*adminv1.Node{
				node("n1", health("a", "cheap", "", "cooling", "busy", 7, 0)),
				node("n2", health("a", "cheap", "", "cooling", "server_error", 20, 5)),
				node("n3", health("a", "cheap", "", "probing", "busy", 0, 0)),
			},
			"degraded (server_error), 1 of 2 models\ncheap cooling (server_error) 20s 5 failures on n1,n2",
		},
		{
			"every model", []*adminv1.Node{node("n1", health("a", "cheap", "", "cooling", "busy", 7, 0), health("a", "dear", "", "cooling", "model_not_found", 600, 0))},
			"cooling (busy) 7s, 0 of 2 models\ndear cooling (model_not_found) 10m0s on n1\ncheap cooling (busy) 7s on n1",
		},
		{
			"another model on each node", []*adminv1.Node{
				node("n1", health("a", "cheap", "", "cooling", "busy", 7, 0)), node("n2", health("a", "dear", "", "cooling", "busy", 5, 0)),
			},
			"degraded (busy), 0 of 2 models\ndear cooling (busy) 5s on n2\ncheap cooling (busy) 7s on n1",
		},
		{
			"one credential of two", []*adminv1.Node{node("n1", health("a", "", "k1", "cooling", "auth_failed", 300, 1))},
			"degraded (auth_failed), 2 of 2 models\nk1 cooling (auth_failed) 5m0s 1 failures on n1",
		},
		{
			"every credential", []*adminv1.Node{node("n1", health("a", "", "k1", "cooling", "auth_failed", 300, 1), health("a", "", "k2", "cooling", "rate_limited", 4, 1))},
			"cooling (rate_limited) 4s, 0 of 2 models\nk1 cooling (auth_failed) 5m0s 1 failures on n1\nk2 cooling (rate_limited) 4s 1 failures on n1",
		},
		{
			"the whole account on one node of two", []*adminv1.Node{node("n1", health("a", "", "", "cooling", "dns_error", 9, 0)), node("n2")},
			"cooling (dns_error) 9s, 0 of 2 models\ncooling (dns_error) 9s on n1",
		},
		{
			"down by its models, of which one is probed", []*adminv1.Node{node("n1", derived, health("a", "cheap", "", "probing", "server_error", 0, 0))},
			"cooling (server_error) 8s, 1 of 2 models\ncooling (server_error) 8s derived on n1\ncheap probing (server_error) on n1",
		},
		{
			"down by its models here, by itself there", []*adminv1.Node{node("n1", derived), node("n2", health("a", "", "", "cooling", "dns_error", 3, 0))},
			"cooling (server_error) 8s, 0 of 2 models\ncooling (server_error) 8s on n1,n2",
		},
		{
			"probed", []*adminv1.Node{node("n1", health("a", "", "", "probing", "dns_error", 0, 0))},
			"probing (dns_error), 2 of 2 models\nprobing (dns_error) on n1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := routing.NewView(explainConfig(""), tt.nodes)
			provider, _ := v.Provider("a")
			if got := providerState(v.ProviderHealth(provider)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestProviderHealthOfADisabledOne(t *testing.T) {
	t.Parallel()
	v := routing.NewView(explainConfig(""), []*adminv1.Node{
		{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("gone", "m", "", "cooling", "busy", 9, 0)}},
	})
	gone, _ := v.Provider("gone")
	if got := providerState(v.ProviderHealth(gone)); got != "disabled, 0 of 1 models" {
		t.Errorf("got %s", got)
	}
	a, _ := v.Provider("a")
	if got := v.ProviderHealth(a).GetGroups(); !slices.Equal(got, []string{"asleep", "pool"}) {
		t.Errorf("groups %q", got)
	}
}

func TestADisabledModelIsNotUsable(t *testing.T) {
	t.Parallel()
	v := routing.NewView(explainConfig(""), []*adminv1.Node{
		{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("b", "resting", "", "cooling", "busy", 9, 0)}},
	})
	b, _ := v.Provider("b")
	if got := providerState(v.ProviderHealth(b)); got != "healthy, 3 of 4 models" {
		t.Errorf("got %s", got)
	}
	// When all that may be used cool, so does the provider.
	v = routing.NewView(explainConfig(""), []*adminv1.Node{{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{
		health("b", "unpriced", "", "cooling", "busy", 9, 0), health("b", "twin", "", "cooling", "busy", 9, 0), health("b", "call", "", "cooling", "busy", 7, 0),
	}}})
	if got, _, _ := strings.Cut(providerState(v.ProviderHealth(b)), "\n"); got != "cooling (busy) 7s, 0 of 4 models" {
		t.Errorf("got %s", got)
	}
}

func TestAProviderWithoutModelsOrCredentials(t *testing.T) {
	t.Parallel()
	v := routing.NewView(explainConfig(""), []*adminv1.Node{
		{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{health("bare", "", "", "degraded", "", 0, 1)}},
	})
	if got := providerState(v.ProviderHealth(&adminv1.Provider{Name: "bare"})); got != "degraded, 0 of 0 models\ndegraded 1 failures on n1" {
		t.Errorf("got %s", got)
	}
}

package routing_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// fleet is 1,000 providers with ten models each, 200 groups with fifty members each, and 50
// nodes that report of the first providers, ten lines of each.
func fleet(reported int) (*controlplane.Config, []*adminv1.Node) {
	var resources []*controlplane.Resource
	for p := range 1000 {
		provider := &adminv1.Provider{Name: fmt.Sprintf("provider-%04d", p), Credentials: []*adminv1.Credential{{Name: "k1"}, {Name: "k2"}}}
		for m := range 10 {
			provider.Models = append(provider.Models, &adminv1.Model{Id: fmt.Sprintf("model-%d", m), Price: &adminv1.Price{Input: "0.15", Output: "0.6"}})
		}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: provider.Name, Spec: provider})
	}
	for g := range 200 {
		group := &adminv1.Group{Name: fmt.Sprintf("group-%03d", g), Policy: &adminv1.FailoverPolicy{FailureThreshold: proto.Int32(3)}}
		for m := range 50 {
			group.Members = append(group.Members, &adminv1.Member{
				Provider: fmt.Sprintf("provider-%04d", (g*5+m)%1000), Model: fmt.Sprintf("model-%d", m%10), Priority: int32(m / 10),
			})
		}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindGroup, Name: group.Name, Spec: group})
	}
	nodes := make([]*adminv1.Node, 50)
	for n := range nodes {
		nodes[n] = &adminv1.Node{Name: fmt.Sprintf("node-%02d", n), Connected: true}
		for p := range reported {
			name := fmt.Sprintf("provider-%04d", p)
			for m := range 8 {
				nodes[n].Targets = append(nodes[n].Targets, health(name, fmt.Sprintf("model-%d", m), "", "cooling", "server_error", 20+n, 5))
			}
			nodes[n].Targets = append(nodes[n].Targets, health(name, "", "", "degraded", "", 0, 1), health(name, "", "k1", "cooling", "auth_failed", 300, 1))
		}
	}
	return controlplane.NewConfig(1, "lineage", resources, nil), nodes
}

// BenchmarkFleet asks for all there is, as the console does. A node reports at most 5,000
// lines, which is 500 providers in trouble here; 50 is a bad day.
func BenchmarkFleet(b *testing.B) {
	for _, reported := range []int{0, 50, 500} {
		config, nodes := fleet(reported)
		b.Run(fmt.Sprintf("explain/%d", reported), func(b *testing.B) {
			for b.Loop() {
				v := routing.NewView(config, nodes)
				for _, group := range v.Groups() {
					v.Explain(group)
				}
			}
		})
		b.Run(fmt.Sprintf("providers/%d", reported), func(b *testing.B) {
			for b.Loop() {
				v := routing.NewView(config, nodes)
				for _, provider := range v.Providers() {
					v.ProviderHealth(provider)
				}
			}
		})
	}
}

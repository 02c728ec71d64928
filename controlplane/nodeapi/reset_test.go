package nodeapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestResetReachesEveryConnectedNode(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	if f.server.Registry().Reset("left", "openai", "", "") {
		t.Error("a node was told although nobody is connected")
	}
	left := f.join(t, &nodev1.Hello{Node: "left"})
	if err := left.CloseSend(); err != nil {
		t.Fatal(err)
	}
	until(t, "the node that left is gone", func() bool {
		nodes := f.server.Registry().Nodes()
		return len(nodes) == 1 && !nodes[0].GetConnected()
	})
	b, a := f.join(t, &nodev1.Hello{Node: "b"}), f.join(t, &nodev1.Hello{Node: "a"})

	orders := []*nodev1.ResetCooldown{
		{Provider: "openai", Model: "gpt-4o"},
		{Provider: "openai", Credential: "main"},
		{Provider: "openai"},
	}
	for _, o := range orders {
		for name, there := range map[string]bool{"a": true, "b": true, "left": false} {
			if told := f.server.Registry().Reset(name, o.GetProvider(), o.GetModel(), o.GetCredential()); told != there {
				t.Errorf("%s was told: %t, want %t", name, told, there)
			}
		}
	}
	for name, s := range map[string]stream{"a": a, "b": b} {
		for _, want := range orders {
			m, err := s.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, m.GetResetCooldown(), protocmp.Transform()); diff != "" {
				t.Errorf("node %s (-want +got):\n%s", name, diff)
			}
		}
	}
}

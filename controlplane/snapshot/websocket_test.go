package snapshot_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestWebSocketsAreSwitchedOffByLeavingThemOut(t *testing.T) {
	t.Parallel()
	for on, settings := range map[bool]*adminv1.WebSocket{
		false: {Enabled: proto.Bool(false), MaxConnectionsPerKey: proto.Int32(9)},
		true:  {MaxConnectionsPerKey: proto.Int32(9)},
	} {
		cfg := controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
			resource(controlplane.KindSettings, controlplane.SettingsName, &adminv1.Settings{Websocket: settings}),
		}, nil)
		got, err := snapshot.Build(cfg, openSealer{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if (got.Websocket != nil) != on || on && got.Websocket.GetMaxConnectionsPerKey() != 9 {
			t.Errorf("nodes are told %v", got.Websocket)
		}
	}
}

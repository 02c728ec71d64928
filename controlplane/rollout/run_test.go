package rollout

import (
	"context"
	"log/slog"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// memory keeps a record, and is a configuration, and no nodes. What it does not have panics.
type memory struct {
	Store
	Source
	History
	record  Record
	written int64
	cfg     *controlplane.Config
}

func (m *memory) Rollout(context.Context) (Record, int64, error) { return m.record, m.written, nil }

func (m *memory) ChangeRollout(_ context.Context, written int64, next Record) (bool, error) {
	if written != m.written {
		return false, nil
	}
	m.record, m.written = next, written+1
	return true, nil
}

func (m *memory) Nodes() []*adminv1.Node { return nil }
func (m *memory) Incomplete() string     { return "" }

func (m *memory) Current() *controlplane.Config { return m.cfg }

// set makes the configuration that of a revision with a mode.
func (m *memory) set(revision controlplane.Revision, mode string) {
	m.cfg = controlplane.NewConfig(revision, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindSettings, Name: "settings", Spec: proto.Message(&adminv1.Settings{Rollout: &adminv1.RolloutPolicy{Mode: mode}})},
	}, nil)
}

func TestAReplicaThatIsBehindEndsNothing(t *testing.T) {
	t.Parallel()
	m := &memory{record: Record{Base: 8, Stage: Held, Target: 9, Nodes: []string{"n1"}}, written: 4}
	r, err := New(Config{Store: m, Source: m, History: m, Nodes: m, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	m.set(7, "all_at_once") // the mode was switched on at revision 8
	if err := r.round(t.Context(), true); err != nil || m.written != 4 {
		t.Errorf("written %d times, %s, %v", m.written, short(m.record), err)
	}
	m.set(10, "all_at_once")
	if err := r.round(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	want(t, m.record, "base 0  0 [] last promoted 9", "")
}

package snapshot

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// manyModels is a configuration of 20 providers with 200 models each, and 60 groups: about 300 kB.
func manyModels() *controlplane.Config {
	var rows []*controlplane.Resource
	for p := range 20 {
		spec := &adminv1.Provider{BaseUrl: "https://x.example/v1"}
		for m := range 200 {
			spec.Models = append(spec.Models, &adminv1.Model{Id: fmt.Sprintf("vendor/some-model-name-%d", m)})
		}
		rows = append(rows, &controlplane.Resource{Kind: controlplane.KindProvider, Name: fmt.Sprintf("p%d", p), Spec: spec})
	}
	for g := range 60 {
		spec := &adminv1.Group{}
		for m := range 20 {
			spec.Members = append(spec.Members, &adminv1.Member{Provider: fmt.Sprintf("p%d", (g+m)%20), Model: fmt.Sprintf("vendor/some-model-name-%d", m), Priority: 1})
		}
		rows = append(rows, &controlplane.Resource{Kind: controlplane.KindGroup, Name: fmt.Sprintf("g%d", g), Spec: spec})
	}
	return controlplane.NewConfig(1, "l", rows, nil)
}

func changed(cfg *controlplane.Config, op controlplane.Op) *controlplane.Config {
	revision := cfg.Revision + 1
	return cfg.With(revision, cfg.Changes(revision, time.Unix(1, 0), "test", []controlplane.Op{op}, func() string { return "" }), nil)
}

func origins(n int) controlplane.Op {
	return controlplane.Op{
		Kind: controlplane.KindSettings, Name: controlplane.SettingsName,
		Spec: &adminv1.Settings{Cors: &adminv1.Cors{AllowedOrigins: []string{fmt.Sprintf("https://%d.example", n)}}},
	}
}

// A change of the settings creates every provider and group again, and the snapshot before shares them all the
// same: keeping it costs what changed. Not parallel: it measures the heap.
func TestKeptSnapshotsShareWhatDidNotChange(t *testing.T) {
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	cfg := manyModels()
	last, err := (*image)(nil).follow(cfg, clear{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kept []past
	before := heap()
	for n := range 65 {
		cfg = changed(cfg, origins(n))
		next, err := last.follow(cfg, clear{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		kept = remember(kept, last.set, next.set)
		last = next
	}
	grown := heap() - before
	if len(kept) != 65 {
		t.Errorf("%d kept, want 65", len(kept))
	}
	if grown > last.set.Size() {
		t.Errorf("keeping 65 snapshots of %d bytes takes %d, want less than one of them", last.set.Size(), grown)
	}
	for _, p := range kept {
		if p.changed != 0 {
			t.Errorf("revision %d: %d documents count as changed", p.set.Revision(), p.changed)
		}
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(last)
}

// Changes of large documents are forgotten by their bytes, long before there are many of them.
func TestKeptSnapshotsAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	set := docset.Empty(false)
	with := func(n, size int) *docset.Set {
		d, err := document(docset.Provider, &nodev1.Provider{Name: "p", BaseUrl: fmt.Sprint(n) + strings.Repeat("x", size)})
		if err != nil {
			t.Fatal(err)
		}
		return set.With(&docset.Change{Revision: uint64(n), Documents: []*docset.Document{d}}, nil)
	}
	var kept []past
	for n := range 40 {
		next := with(n, 1<<20)
		kept = remember(kept, set, next)
		set = next
	}
	if len(kept) != 15 { // a little more than 1 MiB each
		t.Errorf("%d snapshots of 1 MiB kept, want 15", len(kept))
	}
	if cap(kept) > 16 {
		t.Errorf("%d places are held for %d snapshots", cap(kept), len(kept))
	}
	next := with(40, 20<<20)
	kept = remember(kept, set, next)
	set = next
	if kept = remember(kept, set, with(41, 1)); len(kept) != 0 {
		t.Errorf("%d kept behind one of 20 MiB", len(kept))
	}
}

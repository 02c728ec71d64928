package server_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
)

// What is read from the database's pools and from the start is there before anything happens.
func TestMetricsFromTheStart(t *testing.T) {
	t.Parallel()
	_, metrics := started(t, "sqlite:///"+filepath.Join(t.TempDir(), "trunkline.db"), "", "")
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, f := range families {
		found[f.GetName()] = len(f.GetMetric())
	}
	for name, want := range map[string]int{
		"trunkline_database_connections": 4, "trunkline_database_connections_max": 2, "trunkline_database_connection_waits_total": 2,
		"trunkline_database_connection_wait_seconds_total": 2, "trunkline_calls_stored_total": 1, "trunkline_sign_ins_failed_total": 5,
	} {
		if found[name] != want {
			t.Errorf("%s has %d series, want %d; there are %v", name, found[name], want, slices.Sorted(maps.Keys(found)))
		}
	}
}

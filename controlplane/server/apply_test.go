package server_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/server"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const provider = "kind: Provider\nname: p\nbase_url: https://a.example/v1\nmodels: [{id: m}]\n"

// started is a server on the database after its start with a file.
func started(t *testing.T, database, mode, text string) (*server.Server, *prometheus.Registry) {
	t.Helper()
	metrics := prometheus.NewRegistry()
	keys, err := secrets.NewKeyset(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), server.Config{
		DatabaseURL: database, Keys: keys, AdminUsername: "admin", AdminPassword: "a-password-of-the-test",
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	settings := &server.Settings{ApplyMode: mode}
	if text != "" {
		settings.Apply = filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(settings.Apply, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := settings.Check(); err != nil {
		t.Fatal(err)
	}
	s.ApplyAtStart(t.Context(), settings, func(string) (string, bool) { return "", false }, io.Discard)
	return s, metrics
}

func refusedMetric(t *testing.T, metrics *prometheus.Registry) string {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "trunkline_startup_apply_refused" {
			return f.GetMetric()[0].GetGauge().String()
		}
	}
	t.Fatal("no metric trunkline_startup_apply_refused")
	return ""
}

func TestARefusedFileKeepsNobodyFromStarting(t *testing.T) {
	t.Parallel()
	database := "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db")
	s, metrics := started(t, database, "", provider)
	if a := s.StartupApply(); a.GetState() != adminv1.StartupApplyState_STARTUP_APPLY_STATE_APPLIED || a.GetCreated() != 1 || a.GetRevision() != 1 ||
		a.GetMode() != "create" || refusedMetric(t, metrics) != "value:0" {
		t.Errorf("applied: %v, %s", a, refusedMetric(t, metrics))
	}
	for name, tt := range map[string]struct{ text, why string }{
		"an unknown field":      {provider + "frobnicate: 1\n", "frobnicate"},
		"no YAML":               {"kind: [", "yaml"},
		"an unset variable":     {"kind: Provider\nname: ${NOBODY}\n", "NOBODY"},
		"a reference to nobody": {"kind: Group\nname: g\nmembers: [{provider: nobody, model: m}]\n", "nobody"},
	} {
		for _, mode := range []string{"create", "replace", "prune"} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				s, metrics := started(t, database, mode, tt.text)
				a := s.StartupApply()
				if a.GetState() != adminv1.StartupApplyState_STARTUP_APPLY_STATE_REFUSED || !strings.Contains(strings.ToLower(a.GetError()), strings.ToLower(tt.why)) ||
					a.GetRevision() != 1 || a.GetApplyTime() == nil || refusedMetric(t, metrics) != "value:1" {
					t.Errorf("%v, metric %s; want it refused for %s", a, refusedMetric(t, metrics), tt.why)
				}
			})
		}
	}
}

func TestApplyModes(t *testing.T) {
	t.Parallel()
	database := "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db")
	started(t, database, "", provider+"---\nkind: FailureKeyword\nname: k\nkeyword: overloaded\n")
	changed := strings.Replace(provider, "a.example", "b.example", 1)
	for _, tt := range []struct {
		mode                                 string
		updated, deleted, leftAlone, created int32
	}{{"create", 0, 0, 1, 0}, {"replace", 1, 0, 0, 0}, {"prune", 0, 1, 0, 0}} {
		s, _ := started(t, database, tt.mode, changed)
		a := s.StartupApply()
		if a.GetUpdated() != tt.updated || a.GetDeleted() != tt.deleted || a.GetLeftAlone() != tt.leftAlone || a.GetCreated() != tt.created || a.GetError() != "" {
			t.Errorf("%s: %v", tt.mode, a)
		}
	}
	if s, _ := started(t, database, "", ""); s.StartupApply().GetState() != adminv1.StartupApplyState_STARTUP_APPLY_STATE_NONE {
		t.Errorf("without a file: %v", s.StartupApply())
	}
	if err := (&server.Settings{ApplyMode: "merge"}).Check(); err == nil || !strings.Contains(err.Error(), "create, replace, prune") {
		t.Errorf("an unknown mode: %v", err)
	}
}

package takeover_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	"github.com/trunkline-ai/trunkline/cli/takeover/gptload"
	"github.com/trunkline-ai/trunkline/cli/takeover/litellm"
	"github.com/trunkline-ai/trunkline/cli/takeover/oneapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sources() []takeover.Source {
	return []takeover.Source{litellm.Source{}, oneapi.OneAPI(), oneapi.NewAPI(), gptload.Source{}}
}

// read reads an export in testdata.
func read(t *testing.T, s takeover.Source, o takeover.Options) *takeover.Draft {
	t.Helper()
	dir := filepath.Join("testdata", s.Name())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []*takeover.File
	for _, e := range entries {
		if strings.Contains(e.Name(), "golden") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, &takeover.File{Name: e.Name(), Data: data})
	}
	d := takeover.NewDraft(o)
	if err := d.Read(s, files); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestExports holds what is made of an export of each gateway, and what is said about it, to
// golden files. No secret is in either, and each document is one that apply reads.
func TestExports(t *testing.T) {
	t.Parallel()
	for _, s := range sources() {
		t.Run(s.Name(), func(t *testing.T) {
			t.Parallel()
			d := read(t, s, takeover.Options{UserGroup: "default"})
			manifest, err := d.Manifest()
			if err != nil {
				t.Fatal(err)
			}
			var report bytes.Buffer
			if err := d.WriteReport(&report); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", s.Name(), "manifest.golden.yaml"), manifest)
			golden(t, filepath.Join("testdata", s.Name(), "report.golden.txt"), report.Bytes())
			for _, text := range []string{string(manifest), report.String()} {
				if i := strings.Index(strings.ToLower(text), "canary"); i >= 0 {
					t.Errorf("a secret is told: %.60s", text[i:])
				}
			}
			if _, err := d.Documents(func(name string) (string, bool) { return "a-secret-of-the-test-" + name, true }); err != nil {
				t.Error(err)
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what comes out (go test ./cli/takeover -update rewrites it):\n%s", name, got)
	}
}

func TestQuotasAndUserGroups(t *testing.T) {
	t.Parallel()
	d := read(t, oneapi.NewAPI(), takeover.Options{UserGroup: "vip", QuotaPeriod: "month"})
	if len(d.Groups) != 3 || d.Groups[0].GetName() != "gpt-4o" || len(d.Groups[0].GetMembers()) != 2 {
		t.Errorf("groups of vip: %v", d.Groups)
	}
	if b := d.Keys[1].GetBudget(); b.GetAmount() != "12.345678" || b.GetPeriod() != "month" {
		t.Errorf("budget %v", b)
	}
}

// TestBadExports: what is no export is an error that says so, and no panic.
func TestBadExports(t *testing.T) {
	t.Parallel()
	for _, s := range sources() {
		for _, text := range []string{
			"", "null", "hello", "[]", "{}", "[1, 2]", "{\"data\": 3}", "{", "a: [", "model_list: 3", "model_list: [3, {}, {litellm_params: 1}]",
			"- &a [*a]", "{\"data\": [{\"upstreams\": 1}]}", "[{\"models\": 1, \"type\": \"x\"}]", "[{\"upstreams\": \"{\", \"channel_type\": \"openai\"}]",
			strings.Repeat("[", 100_000), "a: 1e999999999", "{\"a\": 1} {\"b\": 2}",
		} {
			d := takeover.NewDraft(takeover.Options{})
			if err := d.Read(s, []*takeover.File{{Name: "f", Data: []byte(text)}}); err == nil {
				if _, err := d.Manifest(); err != nil {
					t.Errorf("%s: %.40q: %v", s.Name(), text, err)
				}
			}
		}
	}
}

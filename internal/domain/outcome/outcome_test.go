package outcome_test

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

const top = "../../.."

// TestTableIsWhatTheFileSays: make generate was run.
func TestTableIsWhatTheFileSays(t *testing.T) {
	t.Parallel()
	var want []outcome.Outcome
	for _, o := range outcometest.Load(t).Outcomes {
		want = append(want, outcome.Outcome{
			Name: o.Name, CountsAgainst: o.CountsAgainst, Blame: strings.TrimPrefix(o.Blame, "none"), Permanent: o.Permanent, NeedsHelp: o.NeedsHelp,
		})
	}
	if got := outcome.All(); !slices.Equal(got, want) {
		t.Errorf("the table has %+v, the file %+v: run make generate", got, want)
	}
}

// TestConsoleListIsWhatTheFileSays: its classes and its words.
func TestConsoleListIsWhatTheFileSays(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^  (\w+): \{ class: '(\w+)', label: '([\w.]+)', permanent: (\w+), needsHelp: (\w+) \},$`)
	var got, want []string
	for _, m := range line.FindAllStringSubmatch(read(t, "webui/src/gen/outcomes.ts"), -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	for _, o := range outcometest.Load(t).Outcomes {
		class := cmp.Or(o.Class, strings.Replace(o.Blame, "none", "ok", 1))
		want = append(want, strings.Join([]string{o.Name, class, o.Label, boolean(o.Permanent), boolean(o.NeedsHelp)}, " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the console's list is\n%q\nwant\n%q", got, want)
	}
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// TestEveryOutcomeHasItsWords: in each language of the console, and no words without one.
func TestEveryOutcomeHasItsWords(t *testing.T) {
	t.Parallel()
	want := []string{"outcome.other"} // of a newer node
	for _, o := range outcometest.Load(t).Outcomes {
		want = append(want, o.Label)
	}
	slices.Sort(want)
	files, err := filepath.Glob(filepath.Join(top, "webui/src/i18n/locales/*/outcomes.ts"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d languages, %v", len(files), err)
	}
	label := regexp.MustCompile(`(?m)^ +'(outcome\.\w+)': ['"].*\S.*['"],$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range label.FindAllStringSubmatch(string(text), -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has words for %q, want %q", file, got, want)
		}
	}
}

// TestProtosNameOutcomesThatExist: what their comments give as examples.
func TestProtosNameOutcomesThatExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(top, "proto/trunkline/*/v1/*.proto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d protos, %v", len(files), err)
	}
	examples := regexp.MustCompile(`(?i)class of the result, such as ([^.]+)\.`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range examples.FindAllStringSubmatch(string(text), -1) {
			for name := range strings.FieldsFuncSeq(strings.ReplaceAll(m[1], " or ", " "), func(r rune) bool { return r == ',' || r == ' ' }) {
				found++
				if _, ok := outcome.Named(name); !ok {
					t.Errorf("%s: %q is no outcome", file, name)
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d examples were found: do the comments say it in other words now?", found)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	o, ok := outcome.Named("quota_exhausted")
	if want := (outcome.Outcome{Name: "quota_exhausted", CountsAgainst: "credential", Blame: "credential", Permanent: true, NeedsHelp: true}); !ok || o != want {
		t.Errorf("quota_exhausted is %+v, %v", o, ok)
	}
	for _, name := range []string{"", "OK", "no_such_outcome"} {
		if o, ok := outcome.Named(name); ok {
			t.Errorf("%q is %+v", name, o)
		}
	}
	if outcome.All()[0].Name = "changed"; outcome.Names()[0] != "ok" {
		t.Error("the table can be changed from outside")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"rate_limit":    {"rate_limited", "write_timeout", "key_limited"},
		"timeout":       {"write_timeout", "connect_timeout", "response_timeout"},
		"key-budget":    {"key_budget", "key_address", "key_limited"},
		"no_candidates": {"no_candidate", "truncated", "stream_idle"},
	} {
		if got := outcome.Nearest(name, 3); !slices.Equal(got, want) {
			t.Errorf("nearest to %q are %q, want %q", name, got, want)
		}
	}
	if got := outcome.Nearest("ok", 1000); len(got) != len(outcome.Names()) || got[0] != "ok" {
		t.Errorf("all of them: %q", got)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

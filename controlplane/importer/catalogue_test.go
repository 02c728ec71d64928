package importer

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const litellm = `{
  "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "max_input_tokens": "max input tokens, if the provider specifies it"},
  "gpt-4o-mini": {"input_cost_per_token": 1.5e-07, "cache_read_input_token_cost": 7.5e-08, "cache_creation_input_token_cost": 1.9e-07, "output_cost_per_token": 6e-07, "max_input_tokens": 128000, "mode": "chat"},
  "text-embedding-3-small": {"input_cost_per_token": 2e-08, "output_cost_per_token": 0.0, "max_input_tokens": 8191},
  "dall-e-3": {"input_cost_per_pixel": 4e-08, "output_cost_per_pixel": 0.0},
  "bomb": {"input_cost_per_token": 1e999999999},
  "dear": {"input_cost_per_token": 1, "output_cost_per_token": 2e-06},
  "text": "not an entry"
}`

func TestReadPrices(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file string
		want Prices
	}{
		"ours": {
			"models:\n  GPT-4o-mini: {input: 0.15, cached_input: \"0.075\", cache_write: 0.2, output: 0.60, context_window: 128000}\n  p/dall-e: {per_call: 0.04}\n  big: {context_window: 9}\n",
			Prices{
				"gpt-4o-mini": {&adminv1.Price{Input: "0.15", CachedInput: "0.075", CacheWrite: "0.2", Output: "0.60"}, 128000},
				"p/dall-e":    {&adminv1.Price{PerCall: "0.04"}, 0},
				"big":         {nil, 9},
			},
		},
		"ours as JSON": {
			` {"models": {"a": {"input": "1"}}}`,
			Prices{"a": {&adminv1.Price{Input: "1"}, 0}},
		},
		"ours behind a byte order mark": {
			"\ufeffmodels: {a: {input: 1}}",
			Prices{"a": {&adminv1.Price{Input: "1"}, 0}},
		},
		"LiteLLM's behind a byte order mark, with its sample and ids in two cases": {
			"\ufeff" + `{"sample_spec": {"input_cost_per_token": "a number", "max_input_tokens": "max"}, "GPT": {"input_cost_per_token": 9e-06}, "gpt": {"input_cost_per_token": "1e-06", "unknown": [1]}, "Gpt": {"input_cost_per_token": 8e-06}}`,
			Prices{"gpt": {&adminv1.Price{Input: "1"}, 0}},
		},
		"LiteLLM's": {
			litellm,
			Prices{
				"gpt-4o-mini":            {&adminv1.Price{Input: "0.15", CachedInput: "0.075", CacheWrite: "0.19", Output: "0.6"}, 128000},
				"text-embedding-3-small": {&adminv1.Price{Input: "0.02", Output: "0"}, 8191},
				"dear":                   {&adminv1.Price{Output: "2"}, 0},
			},
		},
	} {
		got, _, err := ReadPrices([]byte(tc.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got) != len(tc.want) {
			t.Errorf("%s: %d entries %v, want %d", name, len(got), got, len(tc.want))
		}
		for id, want := range tc.want {
			if k := got[id]; !proto.Equal(k.Price, want.Price) || k.ContextWindow != want.ContextWindow {
				t.Errorf("%s: %s is %v, want %v", name, id, k, want)
			}
		}
	}
}

func TestPricesThatAreNotTakenOverAreNamed(t *testing.T) {
	t.Parallel()
	_, got, err := ReadPrices([]byte(`{
		"a": {"input_cost_per_token": 1e-06, "input_cost_per_token_above_272k_tokens": 2e-06, "input_cost_per_token_priority": 2e-06},
		"b": {"input_cost_per_token": 1e-06, "input_cost_per_token_above_272k_tokens": 2e-06, "cache_creation_input_token_cost_above_1hr": 6e-06},
		"c": {"output_cost_per_token": 1e-06, "output_cost_per_image": 0, "cost_note": "none", "input_cost_per_image": 0.04}}`))
	want := []string{"input_cost_per_token_above_272k_tokens (2)", "cache_creation_input_token_cost_above_1hr (1)", "input_cost_per_image (1)", "input_cost_per_token_priority (1)"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

func TestBadCatalogues(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                                       "names no models",
		"models: {}":                             "names no models",
		"{}":                                     "holds no prices",
		`{"a": {"mode": "chat"}}`:                "holds no prices",
		"{":                                      "unexpected end",
		"models: {a: {input: cheap}}":            `models["a"].price.input: must be a decimal`,
		"models: {a: {input: 1e-7}}":             "must be a decimal",
		"models: {a: {input: \"10001\"}}":        "costs more than any model may",
		"models: {a: {}}":                        `models["a"] says nothing`,
		"models: {a: {inptu: 1}}":                "line 1: field inptu not found",
		"models: {a: {input: []}}":               "line 1: of the wrong type: !!seq",
		"models: {a: 7}":                         "line 1: of the wrong type: !!int `7`",
		"models: {a: {input: 1}, A: {input: 2}}": `models["a"] is there twice`,
		"<html>":                                 "price catalogue",
		"models: {a: {input: 1}}\nprices: {}":    "prices",
		"models: {a: {input: 1}, a: {input: 2}}": "already defined",
	} {
		if prices, _, err := ReadPrices([]byte(file)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "struct {") {
			t.Errorf("%q gives %v and error %v, want one about %q", file, prices, err, want)
		}
	}
}

func TestFindPrefersWhatIsCloser(t *testing.T) {
	t.Parallel()
	all := Prices{"openrouter/openai/gpt": {ContextWindow: 1}, "openai/gpt": {ContextWindow: 2}, "gpt": {ContextWindow: 3}}
	for _, tc := range []struct {
		provider, id string
		want         int64
	}{
		{"OpenRouter", "openai/GPT", 1}, {"other", "openai/gpt", 2}, {"other", "azure/gpt", 3}, {"other", "a/b/gpt", 3}, {"openai", "gpt", 2}, {"other", "gpt-4", 0},
	} {
		if k, _ := all.Find(tc.provider, tc.id); k.ContextWindow != tc.want {
			t.Errorf("%s of %s is %d, want %d", tc.id, tc.provider, k.ContextWindow, tc.want)
		}
	}
	if _, ok := Prices(nil).Find("p", "a/b"); ok {
		t.Error("no prices know a model")
	}
}

// The file is read again when it changes; while it is broken, the last one counts.
func TestCatalogueFollowsItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prices.yaml")
	write := func(content string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if _, err := OpenCatalogue(path, log); err == nil {
		t.Error("a file that is not there can be opened")
	}
	write("models: {a: {input: 1}}", day1)
	c, err := OpenCatalogue(path, log)
	if err != nil {
		t.Fatal(err)
	}
	input := func() string { k, _ := c.Prices().Find("p", "a"); return k.Price.GetInput() }
	for _, step := range []struct {
		content, want string
		at            time.Time
	}{
		{"models: {a: {input: 2}}", "2", day2},
		{"models: {a: {inp", "2", day2.Add(time.Hour)},
		{"models: {a: {input: 3}}", "3", day2.Add(2 * time.Hour)},
	} {
		write(step.content, step.at)
		if got := input(); got != step.want {
			t.Errorf("with %q a costs %q, want %q", step.content, got, step.want)
		}
	}
	write(strings.Repeat(" ", maxCatalogue+1), day2.Add(3*time.Hour))
	if got := input(); got != "3" {
		t.Errorf("with a huge file a costs %q", got)
	}
	if (*Catalogue)(nil).Prices() != nil {
		t.Error("no catalogue has prices")
	}
}

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
				"gpt-4o-mini": {Price: &adminv1.Price{Input: "0.15", CachedInput: "0.075", CacheWrite: "0.2", Output: "0.60"}, ContextWindow: 128000},
				"p/dall-e":    {Price: &adminv1.Price{PerCall: "0.04"}, ContextWindow: 0},
				"big":         {ContextWindow: 9},
			},
		},
		"ours as JSON": {
			` {"models": {"a": {"input": "1"}}}`,
			Prices{"a": {Price: &adminv1.Price{Input: "1"}, ContextWindow: 0}},
		},
		"ours behind a byte order mark": {
			"\ufeffmodels: {a: {input: 1}}",
			Prices{"a": {Price: &adminv1.Price{Input: "1"}, ContextWindow: 0}},
		},
		"LiteLLM's behind a byte order mark, with its sample and ids in two cases": {
			"\ufeff" + `{"sample_spec": {"input_cost_per_token": "a number", "max_input_tokens": "max"}, "GPT": {"input_cost_per_token": 9e-06}, "gpt": {"input_cost_per_token": "1e-06", "unknown": [1]}, "Gpt": {"input_cost_per_token": 8e-06}}`,
			Prices{"gpt": {Price: &adminv1.Price{Input: "1"}, ContextWindow: 0}},
		},
		"LiteLLM's": {
			litellm,
			Prices{
				"gpt-4o-mini":            {Price: &adminv1.Price{Input: "0.15", CachedInput: "0.075", CacheWrite: "0.19", Output: "0.6"}, ContextWindow: 128000},
				"text-embedding-3-small": {Price: &adminv1.Price{Input: "0.02", Output: "0"}, ContextWindow: 8191},
				"dear":                   {Price: &adminv1.Price{Output: "2"}, LeftOut: []string{"input_cost_per_token"}},
				"dall-e-3":               {LeftOut: []string{"input_cost_per_pixel"}},
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
			if k := got[id]; !proto.Equal(k.Price, want.Price) || k.ContextWindow != want.ContextWindow || !slices.Equal(k.LeftOut, want.LeftOut) {
				t.Errorf("%s: %s is %v, want %v", name, id, k, want)
			}
		}
	}
}

func TestPricesThatAreNotTakenOverAreNamed(t *testing.T) {
	t.Parallel()
	_, got, err := ReadPrices([]byte(`{
		"a": {"input_cost_per_token": 1e-06, "input_cost_per_token_above_272k_tokens": 2e-06, "search_context_cost_per_query": {"low": 0, "high": 0.01}},
		"b": {"input_cost_per_token": 1e-06, "search_context_cost_per_query": {"low": 0.01}, "cache_creation_input_token_cost_above_12hr": 6e-06, "file_search_cost_per_1k_calls": 0},
		"c": {"output_cost_per_token": 1e-06, "output_cost_per_image": 0, "cost_note": "none", "output_cost_per_second_1080p": 0.04, "regional_uplift_multiplier_eu": 1.1}}`))
	want := []string{"search_context_cost_per_query (2)", "cache_creation_input_token_cost_above_12hr (1)", "output_cost_per_second_1080p (1)", "regional_uplift_multiplier_eu (1)"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

func TestReadEveryPriceOfLiteLLM(t *testing.T) {
	t.Parallel()
	tier := func(service string, above int64, t *adminv1.PriceTier) *adminv1.PriceTier {
		t.ServiceTier, t.AboveInputTokens = service, above
		return t
	}
	for name, tt := range map[string]struct {
		entry string
		want  *adminv1.Price
		left  []string
	}{
		"tokens of every kind": {
			`{"mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6,
			"cache_creation_input_token_cost_above_1hr": 2e-6, "output_cost_per_reasoning_token": 3e-6, "input_cost_per_audio_token": 4e-6, "cache_read_input_audio_token_cost": 5e-7,
			"output_cost_per_audio_token": 6e-6, "input_cost_per_image_token": 7e-6, "cache_read_input_image_token_cost": 8e-7, "output_cost_per_image_token": 9e-6}`,
			&adminv1.Price{Input: "1", Output: "2", CachedInput: "0.1", CacheWrite: "1.25", CacheWrite_1Hr: "2", Reasoning: "3", AudioInput: "4", CachedAudioInput: "0.5", AudioOutput: "6", ImageInput: "7", CachedImageInput: "0.8", ImageOutput: "9"}, nil,
		},
		"tiers of contexts and services": {
			`{"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "input_cost_per_token_above_200k_tokens": 2e-6, "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 4e-6,
			"input_cost_per_token_batches": 5e-7, "input_cost_per_token_above_200k_tokens_priority": 8e-6, "output_cost_per_token_flex": 1e-6, "input_cost_per_token_decisions": 1e-7, "input_cost_per_token_above_0k_tokens": 1}`,
			&adminv1.Price{Input: "1", Output: "2", Tiers: []*adminv1.PriceTier{
				tier("", 200_000, &adminv1.PriceTier{Input: "2", CacheWrite_1Hr: "4"}), tier("batch", 0, &adminv1.PriceTier{Input: "0.5"}),
				tier("flex", 0, &adminv1.PriceTier{Output: "1"}), tier("priority", 200_000, &adminv1.PriceTier{Input: "8"}),
			}}, []string{"input_cost_per_token_above_0k_tokens", "input_cost_per_token_decisions"},
		},
		"ranges": {
			`{"tiered_pricing": [{"range": [0, 256000.0], "input_cost_per_token": 5e-8, "output_cost_per_token": 4e-7}, {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-7, "output_cost_per_token": 2e-6, "output_cost_per_thought": 1}]}`,
			&adminv1.Price{Input: "0.05", Output: "0.4", Tiers: []*adminv1.PriceTier{tier("", 256_000, &adminv1.PriceTier{Input: "0.25", Output: "2"})}}, []string{"tiered_pricing.output_cost_per_thought"},
		},
		"ranges that are none":      {`{"input_cost_per_token": 1e-6, "tiered_pricing": [{"range": "all"}]}`, &adminv1.Price{Input: "1"}, []string{"tiered_pricing"}},
		"Whisper":                   {`{"mode": "audio_transcription", "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001}`, &adminv1.Price{PerSecond: "0.0001"}, nil},
		"Whisper at Groq":           {`{"mode": "audio_transcription", "input_cost_per_second": 3.083e-05, "output_cost_per_second": 0.0}`, &adminv1.Price{PerSecond: "0.00003083"}, nil},
		"a second that is computed": {`{"mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_second": 0.01}`, &adminv1.Price{Input: "1"}, []string{"output_cost_per_second"}},
		"speech":                    {`{"mode": "audio_speech", "input_cost_per_character": 1.5e-05}`, &adminv1.Price{PerCharacter: "15"}, nil},
		"images":                    {`{"mode": "image_generation", "output_cost_per_image": 0.04}`, &adminv1.Price{PerImage: "0.04"}, nil},
		"images, by another name":   {`{"mode": "image_generation", "input_cost_per_image": 0.04}`, &adminv1.Price{PerImage: "0.04"}, nil},
		"images of a chat":          {`{"mode": "chat", "input_cost_per_token": 1e-6, "input_cost_per_image": 0.04}`, &adminv1.Price{Input: "1"}, []string{"input_cost_per_image"}},
		"images by tokens":          {`{"mode": "image_generation", "input_cost_per_token": 5e-6, "output_cost_per_image_token": 4e-5}`, &adminv1.Price{Input: "5", Output: "40", ImageOutput: "40"}, nil},
		"a search":                  {`{"mode": "rerank", "input_cost_per_query": 0.002, "input_cost_per_token": 0.0}`, &adminv1.Price{Input: "0", PerCall: "0.002"}, nil},
		"a request":                 {`{"input_cost_per_request": 0.005, "output_cost_per_token": 2.8e-6}`, &adminv1.Price{PerCall: "0.005", Output: "2.8"}, nil},
		"DeepSeek's name":           {`{"input_cost_per_token": 2.8e-7, "input_cost_per_token_cache_hit": 2.8e-8}`, &adminv1.Price{Input: "0.28", CachedInput: "0.028"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prices, _, err := ReadPrices([]byte(`{"m": ` + tt.entry + `}`))
			if k := prices["m"]; err != nil || !proto.Equal(k.Price, tt.want) || !slices.Equal(k.LeftOut, tt.left) {
				t.Errorf("got %v %q %v, want %v %q", k.Price, k.LeftOut, err, tt.want, tt.left)
			}
		})
	}
}

const modelsdev = `{
  "openai": {"id": "openai", "npm": "@ai-sdk/openai", "models": {
    "gpt": {"id": "gpt", "cost": {"input": 1.25, "output": 10, "cache_read": 0.125, "reasoning": 12, "input_audio": 40, "output_audio": 80, "per_minute": 0.006,
      "context_over_200k": {"input": 9}, "tiers": [{"input": 2.5, "output": 15, "cache_read": 0.25, "tier": {"type": "context", "size": 272000}}, {"input": 7, "tier": {"type": "moon"}}], "per_pixel": 1},
      "limit": {"context": 400000, "output": 128000},
      "experimental": {"modes": {"fast": {"cost": {"input": 2.5, "output": 20}, "provider": {"body": {"service_tier": "priority"}}}, "odd": {"cost": {"input": 3}}}}},
    "free": {"cost": {"input": 0, "output": 0}, "limit": {"context": 8000}}
  }},
  "anthropic": {"models": {"claude": {"cost": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75, "context_over_200k": {"input": 6, "output": 22.5, "cache_read": 0.6, "cache_write": 7.5}}, "limit": {"context": 1000000}}}},
  "reseller": {"api": "https://api.reseller.test/v1", "models": {"GPT": {"cost": {"input": 2, "output": 11}, "limit": {"context": 400000}}, "odd": {"cost": {"input": 1, "output": 1}}, "same": {"cost": {"input": 1, "output": 1}}}},
  "other": {"models": {"odd": {"cost": {"input": 2, "output": 2}}, "same": {"cost": {"input": 1, "output": 1}}}}
}`

func TestReadModelsDev(t *testing.T) {
	t.Parallel()
	prices, kinds, err := ReadPrices([]byte("\ufeff" + modelsdev))
	if err != nil {
		t.Fatal(err)
	}
	gpt := &adminv1.Price{
		Input: "1.25", Output: "10", CachedInput: "0.125", Reasoning: "12", AudioInput: "40", AudioOutput: "80", PerSecond: "0.0001",
		Tiers: []*adminv1.PriceTier{{AboveInputTokens: 272_000, Input: "2.5", Output: "15", CachedInput: "0.25"}, {ServiceTier: "priority", Input: "2.5", Output: "20"}},
	}
	claude := &adminv1.Price{
		Input: "3", Output: "15", CachedInput: "0.3", CacheWrite: "3.75",
		Tiers: []*adminv1.PriceTier{{AboveInputTokens: 200_000, Input: "6", Output: "22.5", CachedInput: "0.6", CacheWrite: "7.5"}},
	}
	resold := &adminv1.Price{Input: "2", Output: "11"}
	for _, tt := range []struct {
		id        string
		providers []string
		want      *adminv1.Price
		window    int64
	}{
		{"gpt", []string{"main", "api.openai.com"}, gpt, 400_000}, // its maker's
		{"openai/gpt", []string{"main", ""}, gpt, 400_000},
		{"GPT", []string{"reseller", ""}, resold, 400_000},
		{"gpt", []string{"mine", "api.reseller.test"}, resold, 400_000}, // by the host of its API
		{"claude", nil, claude, 1_000_000},
		{"odd", []string{"x"}, nil, 0}, // which of the two?
		{"odd", []string{"Other"}, &adminv1.Price{Input: "2", Output: "2"}, 0},
		{"same", nil, &adminv1.Price{Input: "1", Output: "1"}, 0},
		{"free", []string{"openai"}, nil, 8000},
	} {
		if k, _ := prices.Find(tt.id, tt.providers...); !proto.Equal(k.Price, tt.want) || k.ContextWindow != tt.window {
			t.Errorf("%s of %q is %v, want %v", tt.id, tt.providers, k, tt.want)
		}
	}
	if left := prices["openai/gpt"].LeftOut; !slices.Equal(left, []string{"experimental.modes.odd", "per_pixel", "tiers"}) || len(kinds) != 3 {
		t.Errorf("left out are %q, in all %q", left, kinds)
	}
	for _, bad := range []string{`{"p": {"models": {}}}`, `{"p": {"models": {"m": {"cost": "much"}}}}`, `{"p": {"models": {"m": 7}}}`} {
		if _, _, err := ReadPrices([]byte(bad)); err == nil {
			t.Errorf("%s holds prices", bad)
		}
	}
}

func TestReadTiersOfOurs(t *testing.T) {
	t.Parallel()
	prices, _, err := ReadPrices([]byte("models:\n  m:\n    input: 3\n    per_second: 0.0001\n    tiers:\n    - {above_input_tokens: 200000, input: 6}\n    - {service_tier: flex, output: 1, cache_write_1hr: 2}\n"))
	want := &adminv1.Price{Input: "3", PerSecond: "0.0001", Tiers: []*adminv1.PriceTier{{AboveInputTokens: 200_000, Input: "6"}, {ServiceTier: "flex", Output: "1", CacheWrite_1Hr: "2"}}}
	if err != nil || !proto.Equal(prices["m"].Price, want) {
		t.Errorf("got %v %v, want %v", prices["m"].Price, err, want)
	}
}

func TestBadCatalogues(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                                       "no models found",
		"models: {}":                             "no models found",
		"{}":                                     "no prices found",
		`{"a": {"mode": "chat"}}`:                "no prices found",
		"{":                                      "unexpected end",
		"models: {a: {input: cheap}}":            `models["a"].price.input: must be a decimal`,
		"models: {a: {input: 1e-7}}":             "must be a decimal",
		"models: {a: {input: \"10001\"}}":        "must be at most 10000 USD per million tokens",
		"models: {a: {}}":                        `models["a"] is empty`,
		"models: {a: {inptu: 1}}":                "line 1: field inptu not found",
		"models: {a: {input: []}}":               "line 1: of the wrong type: !!seq",
		"models: {a: {tiers: [{input: 1}]}}":     "tiers[0]: must name",
		"models: {a: {tiers: [{inptu: 1}]}}":     "field inptu not found",
		"models: {a: 7}":                         "line 1: of the wrong type: !!int `7`",
		"models: {a: {input: 1}, A: {input: 2}}": `models["a"] occurs twice`,
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
		if k, _ := all.Find(tc.id, tc.provider); k.ContextWindow != tc.want {
			t.Errorf("%s of %s is %d, want %d", tc.id, tc.provider, k.ContextWindow, tc.want)
		}
	}
	if _, ok := Prices(nil).Find("a/b", "p"); ok {
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
	input := func() string { k, _ := c.Prices().Find("a", "p"); return k.Price.GetInput() }
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
		broken := !strings.HasSuffix(step.content, "}")
		if s := c.State(); s.Path != path || s.Models != 1 || (s.Fault != nil) != broken || s.Modified.Equal(step.at) == broken {
			t.Errorf("with %q its state is %+v", step.content, s)
		}
	}
	write(strings.Repeat(" ", maxCatalogue+1), day2.Add(3*time.Hour))
	if got := input(); got != "3" {
		t.Errorf("with a huge file a costs %q", got)
	}
	told := (&Importer{cfg: Config{Catalogue: c}}).Catalogue()
	if told.GetPath() != path || told.GetModelCount() != 1 || !told.GetModifyTime().AsTime().Equal(day2.Add(2*time.Hour)) || !strings.Contains(told.GetError(), "larger than 16 MiB") {
		t.Errorf("admins are told %v", told)
	}
	if told := new(Importer).Catalogue(); told != nil {
		t.Errorf("without a catalogue admins are told %v", told)
	}
	if none := (*Catalogue)(nil); none.Prices() != nil || none.State() != (CatalogueState{}) {
		t.Error("no catalogue has prices")
	}
}

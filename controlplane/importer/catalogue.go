package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxCatalogue bounds a price catalogue, in bytes.
const maxCatalogue = 16 << 20

// Known is what a catalogue says about a model.
type Known struct {
	Price         *adminv1.Price
	ContextWindow int64    // tokens; 0 is unknown
	LeftOut       []string // prices that cannot be said here, by their names
}

// Prices looks models up by id. A nil Prices knows none.
type Prices map[string]Known

// Find gives what is known of a model: by its whole id, then without what stands before
// slashes, one after the other. A provider is asked for first, under each of its names: of
// "openrouter" and "openai/gpt-4o", the entries openrouter/openai/gpt-4o, openai/gpt-4o and
// gpt-4o are looked for in this order. An entry without a price counts where none has one.
func (p Prices) Find(id string, providers ...string) (Known, bool) {
	id = strings.ToLower(id)
	keys := make([]string, 0, 4)
	for _, provider := range providers {
		keys = append(keys, strings.ToLower(provider)+"/"+id)
	}
	for more := true; more; _, id, more = strings.Cut(id, "/") {
		keys = append(keys, id)
	}
	var unpriced Known
	found := false
	for _, key := range keys {
		k, ok := p[key]
		if ok && k.Price != nil {
			return k, true
		}
		if ok && !found {
			unpriced, found = k, true
		}
	}
	return unpriced, found
}

// ReadPrices reads a price catalogue. It is YAML or JSON in one of three shapes. Ours is
//
//	models:
//	  gpt-4o-mini: {input: "0.15", cached_input: "0.075", output: "0.60", context_window: 128000}
//	  claude-sonnet:
//	    {input: "3", output: "15", tiers: [{above_input_tokens: 200000, input: "6", output: "22.5"}]}
//	  openai-main/dall-e: {per_image: "0.04"}
//
// with the fields of a Price, by model id, or by provider/id for one provider. The others are
// LiteLLM's model_prices_and_context_window.json and the api.json of models.dev. Letter case
// does not matter: of ids that differ in nothing else the one in small letters counts in
// LiteLLM's shape, and they are an error in ours. An entry without a price that can be used is
// left out in the shapes of others, which hold much else, and an error in ours. leftOut names
// the prices that are not taken over, with the number of models that have them.
func ReadPrices(data []byte) (prices Prices, leftOut []string, err error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var shape map[string]json.RawMessage
		if err := json.Unmarshal(data, &shape); err != nil {
			return nil, nil, fmt.Errorf("price catalogue: %w", err)
		}
		_, ours := shape["models"]
		switch {
		case ours:
		case isModelsDev(shape):
			prices, err = readModelsDev(shape)
			return prices, leftOutKinds(prices), err
		default:
			prices, err = readLiteLLM(shape)
			return prices, leftOutKinds(prices), err
		}
	}
	prices, err = readOurs(data)
	return prices, nil, err
}

// byteOrderMark is what some editors put in front of a text.
var byteOrderMark = []byte("\ufeff")

// ourRates are the amounts of a price in a catalogue of ours.
type ourRates struct {
	Input            string `yaml:"input"`
	CachedInput      string `yaml:"cached_input"`
	CacheWrite       string `yaml:"cache_write"`
	CacheWrite1hr    string `yaml:"cache_write_1hr"`
	Output           string `yaml:"output"`
	Reasoning        string `yaml:"reasoning"`
	AudioInput       string `yaml:"audio_input"`
	CachedAudioInput string `yaml:"cached_audio_input"`
	AudioOutput      string `yaml:"audio_output"`
	ImageInput       string `yaml:"image_input"`
	CachedImageInput string `yaml:"cached_image_input"`
	ImageOutput      string `yaml:"image_output"`
	PerImage         string `yaml:"per_image"`
	PerCharacter     string `yaml:"per_character"`
	PerSecond        string `yaml:"per_second"`
	PerCall          string `yaml:"per_call"`
}

// write puts the amounts into a Price or a PriceTier.
func (o *ourRates) write(m proto.Message) {
	for name, amount := range map[string]string{
		"input": o.Input, "cached_input": o.CachedInput, "cache_write": o.CacheWrite, "cache_write_1hr": o.CacheWrite1hr,
		"output": o.Output, "reasoning": o.Reasoning, "audio_input": o.AudioInput, "cached_audio_input": o.CachedAudioInput,
		"audio_output": o.AudioOutput, "image_input": o.ImageInput, "cached_image_input": o.CachedImageInput,
		"image_output": o.ImageOutput, "per_image": o.PerImage, "per_character": o.PerCharacter, "per_second": o.PerSecond,
		"per_call": o.PerCall,
	} {
		findRate(name).Set(m, amount)
	}
}

// ourModel is an entry of a catalogue of ours.
type ourModel struct {
	ourRates `yaml:",inline"`
	Tiers    []struct {
		ourRates    `yaml:",inline"`
		Above       int64  `yaml:"above_input_tokens"`
		ServiceTier string `yaml:"service_tier"`
	} `yaml:"tiers"`
	ContextWindow int64 `yaml:"context_window"`
}

func (m *ourModel) price() *adminv1.Price {
	price := &adminv1.Price{}
	m.write(price)
	for _, t := range m.Tiers {
		tier := &adminv1.PriceTier{AboveInputTokens: t.Above, ServiceTier: t.ServiceTier}
		t.write(tier)
		price.Tiers = append(price.Tiers, tier)
	}
	return price
}

func readOurs(data []byte) (Prices, error) {
	var doc struct {
		Models map[string]ourModel `yaml:"models"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("price catalogue: %w", plainly(err))
	}
	if len(doc.Models) == 0 {
		return nil, errors.New("price catalogue: no models found")
	}
	prices := make(Prices, len(doc.Models))
	for id, m := range doc.Models {
		price := m.price()
		var fault error
		controlplane.CheckPrice(price, func(field, reason string) {
			fault = cmp.Or(fault, fmt.Errorf("price catalogue: models[%q].price.%s: %s", id, field, reason))
		})
		if fault != nil {
			return nil, fault
		}
		switch priced := controlplane.IsPriced(price); {
		case !priced && m.ContextWindow <= 0:
			return nil, fmt.Errorf("price catalogue: models[%q] is empty", id)
		case !priced:
			price = nil
		case len(price.GetTiers()) > maxTiers:
			return nil, fmt.Errorf("price catalogue: models[%q] has more than %d tiers", id, maxTiers)
		}
		if _, twice := prices[strings.ToLower(id)]; twice {
			return nil, fmt.Errorf("price catalogue: models[%q] occurs twice, with different letter case", strings.ToLower(id))
		}
		prices[strings.ToLower(id)] = Known{Price: price, ContextWindow: window(m.ContextWindow)}
	}
	return prices, nil
}

// plainly leaves out of an error of YAML what it tells of our source.
func plainly(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	lines := make([]string, len(wrong.Errors))
	for i, line := range wrong.Errors {
		line, _, _ = strings.Cut(line, " in type ")
		line, _, _ = strings.Cut(line, " into ")
		lines[i] = strings.Replace(line, "cannot unmarshal", "of the wrong type:", 1)
	}
	return errors.New(strings.Join(lines, "; "))
}

// window is a context window within what a model may have; else unknown.
func window(tokens int64) int64 {
	if tokens < 0 || tokens > 1_000_000_000 {
		return 0
	}
	return tokens
}

// Catalogue is a price catalogue in a file, read again when the file changes. It is safe for
// concurrent use. A nil Catalogue knows no prices.
type Catalogue struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex // guards what follows
	stamp  time.Time
	size   int64
	prices Prices
	fault  error // why the file as it is now is not used
}

// CatalogueState is what a catalogue has of its file.
type CatalogueState struct {
	Path     string // empty: there is no catalogue
	Models   int
	Modified time.Time
	Fault    error // what the file says now is not used
}

// OpenCatalogue reads the file, and fails when it cannot be used.
func OpenCatalogue(path string, log *slog.Logger) (*Catalogue, error) {
	c := &Catalogue{path: path, log: log}
	if err := c.refresh(); err != nil {
		return nil, err
	}
	return c, nil
}

// Prices gives what the file says now. While it cannot be used, what it said before counts.
func (c *Catalogue) Prices() Prices {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow()
	return c.prices
}

// State tells what is in use now.
func (c *Catalogue) State() CatalogueState {
	if c == nil {
		return CatalogueState{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow()
	return CatalogueState{Path: c.path, Models: len(c.prices), Modified: c.stamp, Fault: c.fault}
}

// follow reads the file if it changed, and logs each fault once. The caller holds mu.
func (c *Catalogue) follow() {
	before := c.fault
	c.fault = c.refresh()
	if c.fault != nil && (before == nil || before.Error() != c.fault.Error()) {
		c.log.Warn("failed to read the price catalogue; the previous one stays in use", "path", c.path, "error", c.fault)
	}
}

func (c *Catalogue) refresh() error {
	info, err := os.Stat(c.path)
	if err != nil {
		return fmt.Errorf("price catalogue: %w", err)
	}
	if c.prices != nil && info.ModTime().Equal(c.stamp) && info.Size() == c.size {
		return nil
	}
	f, err := os.Open(c.path)
	if err != nil {
		return fmt.Errorf("price catalogue: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCatalogue+1))
	if err != nil {
		return fmt.Errorf("price catalogue: %w", err)
	}
	if len(data) > maxCatalogue {
		return fmt.Errorf("price catalogue %s is larger than %d MiB", c.path, maxCatalogue>>20)
	}
	prices, leftOut, err := ReadPrices(data)
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	if len(leftOut) > 0 {
		c.log.Warn("some kinds of prices in the price catalogue are not supported and are ignored", "path", c.path, "kinds", strings.Join(leftOut, ", "))
	}
	c.stamp, c.size, c.prices = info.ModTime(), info.Size(), prices
	return nil
}

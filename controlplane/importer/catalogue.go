package importer

import (
	"bytes"
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

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxCatalogue bounds a price catalogue, in bytes.
const maxCatalogue = 16 << 20

// Known is what a catalogue says about a model.
type Known struct {
	Price         *adminv1.Price
	ContextWindow int64 // tokens; 0 is unknown
}

// Prices looks models up by id. A nil Prices knows none.
type Prices map[string]Known

// Find gives what is known of a model: by its whole id, then without what stands before
// slashes, one after the other. A provider is asked for first: of "openrouter" and
// "openai/gpt-4o", the entries openrouter/openai/gpt-4o, openai/gpt-4o and gpt-4o are looked
// for in this order.
func (p Prices) Find(provider, id string) (Known, bool) {
	id = strings.ToLower(id)
	if k, ok := p[strings.ToLower(provider)+"/"+id]; ok {
		return k, true
	}
	for {
		if k, ok := p[id]; ok {
			return k, true
		}
		_, rest, more := strings.Cut(id, "/")
		if !more {
			return Known{}, false
		}
		id = rest
	}
}

// ReadPrices reads a price catalogue. It is YAML or JSON in one of two shapes. Ours is
//
//	models:
//	  gpt-4o-mini: {input: "0.15", cached_input: "0.075", output: "0.60", context_window: 128000}
//	  claude-sonnet: {input: "3", cached_input: "0.30", cache_write: "3.75", output: "15"}
//	  openai-main/dall-e: {per_call: "0.04"}
//
// in USD per million tokens or per call, by model id, or by provider/id for one provider.
// The other is LiteLLM's model_prices_and_context_window.json: by model, with
// input_cost_per_token, output_cost_per_token, cache_read_input_token_cost,
// cache_creation_input_token_cost and max_input_tokens. Letter case does not matter: of
// ids that differ in nothing else the one in small letters counts in LiteLLM's shape, and they
// are an error in ours. An entry without a price that can be used is left out in LiteLLM's
// shape, which holds much else, and an error in ours. leftOut names the prices that are not
// taken over, with the number of models that have them.
func ReadPrices(data []byte) (prices Prices, leftOut []string, err error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var shape map[string]json.RawMessage
		if err := json.Unmarshal(data, &shape); err != nil {
			return nil, nil, fmt.Errorf("price catalogue: %w", err)
		}
		if _, ours := shape["models"]; !ours {
			prices, err = readLiteLLM(shape)
			return prices, notTaken(shape), err
		}
	}
	prices, err = readOurs(data)
	return prices, nil, err
}

// byteOrderMark is what some editors put in front of a text.
var byteOrderMark = []byte("\ufeff")

func readOurs(data []byte) (Prices, error) {
	var doc struct {
		Models map[string]struct {
			Input         string `yaml:"input"`
			CachedInput   string `yaml:"cached_input"`
			CacheWrite    string `yaml:"cache_write"`
			Output        string `yaml:"output"`
			PerCall       string `yaml:"per_call"`
			ContextWindow int64  `yaml:"context_window"`
		} `yaml:"models"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("price catalogue: %w", plainly(err))
	}
	if len(doc.Models) == 0 {
		return nil, errors.New("price catalogue: it names no models")
	}
	prices := make(Prices, len(doc.Models))
	for id, m := range doc.Models {
		price := &adminv1.Price{Input: m.Input, CachedInput: m.CachedInput, CacheWrite: m.CacheWrite, Output: m.Output, PerCall: m.PerCall}
		resolved, err := controlplane.ResolvePrice(price)
		if err != nil {
			return nil, fmt.Errorf("price catalogue: models[%q].%w", id, err)
		}
		switch {
		case resolved == nil && m.ContextWindow <= 0:
			return nil, fmt.Errorf("price catalogue: models[%q] says nothing", id)
		case resolved == nil:
			price = nil
		case max(resolved.GetInput(), resolved.GetCachedInput(), resolved.GetCacheWrite(), resolved.GetOutput()) > controlplane.MaxTokenPrice || resolved.GetPerCall() > controlplane.MaxCallPrice:
			return nil, fmt.Errorf("price catalogue: models[%q] costs more than any model may", id)
		}
		if _, twice := prices[strings.ToLower(id)]; twice {
			return nil, fmt.Errorf("price catalogue: models[%q] is there twice, in different letter case", strings.ToLower(id))
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
	if err := c.refresh(); err != nil {
		c.log.Warn("price catalogue cannot be used: the one read before stays in use", "path", c.path, "error", err)
	}
	return c.prices
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
		c.log.Warn("price catalogue: prices of these kinds are not taken over, calls cost the plain price of their model", "path", c.path, "kinds", strings.Join(leftOut, ", "))
	}
	c.stamp, c.size, c.prices = info.ModTime(), info.Size(), prices
	return nil
}

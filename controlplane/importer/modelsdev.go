package importer

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

// isModelsDev recognises the shape of models.dev: providers with their models.
func isModelsDev(shape map[string]json.RawMessage) bool {
	for _, raw := range shape {
		var provider struct {
			Models json.RawMessage `json:"models"`
		}
		if isObject(raw) && json.Unmarshal(raw, &provider) == nil && isObject(provider.Models) {
			return true
		}
	}
	return false
}

// makers are providers whose prices stand for a model where only its id is known.
var makers = []string{
	"openai", "anthropic", "google", "deepseek", "xai", "mistral", "alibaba", "moonshotai", "zhipuai", "zai", "minimax", "cohere",
	"perplexity", "llama", "amazon-bedrock", "azure",
}

// readModelsDev reads the prices of models.dev, in USD per million tokens. A model is found by
// provider/id, by the host of the provider's API and id, and by its id alone where all providers
// ask the same, or where its maker is among them.
func readModelsDev(shape map[string]json.RawMessage) (Prices, error) {
	prices := Prices{}
	offers := map[string]map[string]Known{} // by id, then by provider
	for _, name := range slices.Sorted(maps.Keys(shape)) {
		var provider struct {
			API    string                                `json:"api"`
			Models map[string]map[string]json.RawMessage `json:"models"`
		}
		if json.Unmarshal(shape[name], &provider) != nil {
			continue
		}
		name = strings.ToLower(name)
		host := hostOf(provider.API)
		for _, id := range slices.Sorted(maps.Keys(provider.Models)) {
			known := modelsDevEntry(provider.Models[id])
			id = strings.ToLower(id)
			if known.Price == nil && known.LeftOut == nil && known.ContextWindow == 0 {
				continue
			}
			prices[name+"/"+id] = known
			if host != "" {
				prices[host+"/"+id] = known
			}
			if known.Price == nil {
				continue
			}
			if offers[id] == nil {
				offers[id] = map[string]Known{}
			}
			offers[id][name] = known
		}
	}
	if len(offers) == 0 {
		return nil, errors.New("price catalogue: no model of its providers has a price")
	}
	for id, by := range offers {
		if known, ok := byIDAlone(by); ok {
			prices[id] = known
		}
	}
	return prices, nil
}

// byIDAlone is what is known of a model whoever offers it.
func byIDAlone(by map[string]Known) (Known, bool) {
	for _, maker := range makers {
		if known, ok := by[maker]; ok {
			return known, true
		}
	}
	var one Known
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if one.Price != nil && !proto.Equal(one.Price, by[name].Price) {
			return Known{}, false
		}
		one = by[name]
	}
	return one, true
}

// hostOf is the host of a base URL; empty: it has none.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// modelsDevNames are the amounts of a cost.
var modelsDevNames = map[string]string{
	"input": "input", "output": "output", "reasoning": "reasoning", "cache_read": "cached_input", "cache_write": "cache_write",
	"cache_write_1h": "cache_write_1hr", "input_audio": "audio_input", "output_audio": "audio_output", "input_image": "image_input",
	"output_image": "image_output",
}

func modelsDevEntry(fields map[string]json.RawMessage) Known {
	var limit struct {
		Context float64 `json:"context"`
		Input   float64 `json:"input"`
	}
	_ = json.Unmarshal(fields["limit"], &limit) // 0 is unknown
	known := Known{ContextWindow: window(int64(limit.Context))}
	b := builder{}
	var cost map[string]json.RawMessage
	if json.Unmarshal(fields["cost"], &cost) == nil {
		b.modelsDevCost(cost)
	}
	b.modelsDevModes(fields["experimental"])
	known.Price, known.LeftOut = b.price(), b.leftOut
	slices.Sort(known.LeftOut)
	known.LeftOut = slices.Compact(known.LeftOut)
	return known
}

func (b *builder) modelsDevCost(cost map[string]json.RawMessage) {
	var tiers []map[string]json.RawMessage
	if json.Unmarshal(cost["tiers"], &tiers) == nil {
		delete(cost, "tiers")
	}
	for _, prices := range tiers {
		var of struct {
			Type string `json:"type"`
			Size int64  `json:"size"`
		}
		if json.Unmarshal(prices["tier"], &of) != nil || of.Type != "context" || of.Size <= 0 || of.Size > 1e9 {
			b.leftOut = append(b.leftOut, "tiers")
			continue
		}
		delete(prices, "tier")
		b.amounts(of.Size, "", prices)
	}
	var long map[string]json.RawMessage
	if json.Unmarshal(cost["context_over_200k"], &long) == nil {
		delete(cost, "context_over_200k")
		if len(tiers) == 0 { // which tell the same more exactly
			b.amounts(200_000, "", long)
		}
	}
	b.amounts(0, "", cost)
}

// modelsDevModes reads prices of modes, which are service tiers where the request says so.
func (b *builder) modelsDevModes(raw json.RawMessage) {
	var experimental struct {
		Modes map[string]struct {
			Cost     map[string]json.RawMessage `json:"cost"`
			Provider struct {
				Body map[string]json.RawMessage `json:"body"`
			} `json:"provider"`
		} `json:"modes"`
	}
	if json.Unmarshal(raw, &experimental) != nil {
		return
	}
	for name, mode := range experimental.Modes {
		tier := usage.ServiceTier(jsonString(mode.Provider.Body["service_tier"]))
		switch {
		case len(mode.Cost) == 0:
		case tier == "":
			b.leftOut = append(b.leftOut, "experimental.modes."+name)
		default:
			b.amounts(0, tier, mode.Cost)
		}
	}
}

func (b *builder) amounts(above int64, service string, cost map[string]json.RawMessage) {
	for field, value := range cost {
		rate, unit := modelsDevNames[field], int64(1)
		if field == "per_minute" && above == 0 {
			rate, unit = "per_second", -60 // a sixtieth
		}
		if (rate == "" || !b.set(above, service, rate, number(value), unit)) && isPositive(value) {
			b.leftOut = append(b.leftOut, field)
		}
	}
}

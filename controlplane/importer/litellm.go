package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const perToken = 1_000_000 // prices are per million

func readLiteLLM(shape map[string]json.RawMessage) (Prices, error) {
	prices := Prices{}
	for _, id := range slices.Sorted(maps.Keys(shape)) { // capitals come first, small letters last
		var m struct {
			Input      json.Number `json:"input_cost_per_token"`
			Output     json.Number `json:"output_cost_per_token"`
			CacheRead  json.Number `json:"cache_read_input_token_cost"`
			CacheWrite json.Number `json:"cache_creation_input_token_cost"`
			// Numbers, but text where the file explains itself.
			MaxInput any `json:"max_input_tokens"`
		}
		if json.Unmarshal(shape[id], &m) != nil {
			continue
		}
		price, ok := tokenPrice(m.Input.String(), m.CacheRead.String(), m.CacheWrite.String(), m.Output.String())
		if !ok || free(price) { // 0 stands for unknown there, as in its sample entry
			continue
		}
		limit, _ := m.MaxInput.(float64)
		prices[strings.ToLower(id)] = Known{Price: price, ContextWindow: window(int64(limit))}
	}
	if len(prices) == 0 {
		return nil, errors.New("price catalogue: it holds no prices: neither `models:` nor entries with input_cost_per_token")
	}
	return prices, nil
}

// tokenPrice is a price from amounts per token; false when there is none.
func tokenPrice(input, cached, written, output string) (*adminv1.Price, bool) {
	p := &adminv1.Price{}
	var in, out bool
	p.Input, in = controlplane.PriceFrom(input, perToken)
	p.Output, out = controlplane.PriceFrom(output, perToken)
	p.CachedInput, _ = controlplane.PriceFrom(cached, perToken)
	p.CacheWrite, _ = controlplane.PriceFrom(written, perToken)
	return p, in || out
}

func free(p *adminv1.Price) bool {
	return (p.GetInput() == "" || p.GetInput() == "0") && (p.GetOutput() == "" || p.GetOutput() == "0")
}

// taken are the prices of LiteLLM's file that become prices here.
var taken = []string{"input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "cache_creation_input_token_cost"}

// maxNamed is how many kinds of prices are named that are not taken over.
const maxNamed = 40

// notTaken names the prices that are not taken over, those of most models first: of long
// contexts, of service tiers, of caches that live an hour, of images and others.
func notTaken(shape map[string]json.RawMessage) (kinds []string) {
	models := map[string]int{}
	for _, raw := range shape {
		var entry map[string]json.RawMessage
		if json.Unmarshal(raw, &entry) != nil {
			continue
		}
		for field, value := range entry {
			var amount float64
			if strings.Contains(field, "cost") && !slices.Contains(taken, field) && json.Unmarshal(value, &amount) == nil && amount > 0 {
				models[field]++
			}
		}
	}
	fields := slices.SortedFunc(maps.Keys(models), func(a, b string) int {
		return cmp.Or(models[b]-models[a], strings.Compare(a, b))
	})
	for _, field := range fields[:min(len(fields), maxNamed)] {
		kinds = append(kinds, fmt.Sprintf("%s (%d)", field, models[field]))
	}
	if more := len(fields) - maxNamed; more > 0 {
		kinds = append(kinds, fmt.Sprintf("and %d more", more))
	}
	return kinds
}

package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const perToken = 1_000_000 // prices are per million

func readLiteLLM(shape map[string]json.RawMessage) (Prices, error) {
	prices := Prices{}
	priced := false
	for _, id := range slices.Sorted(maps.Keys(shape)) { // capitals come first, small letters last
		var fields map[string]json.RawMessage
		if json.Unmarshal(shape[id], &fields) != nil {
			continue
		}
		known := litellmEntry(fields)
		if known.Price == nil && known.LeftOut == nil {
			continue
		}
		priced = priced || known.Price != nil
		prices[strings.ToLower(id)] = known
	}
	if !priced {
		return nil, errors.New("price catalogue: no prices found: neither `models:` nor entries with input_cost_per_token, nor those of models.dev")
	}
	return prices, nil
}

// litellmName is a field that becomes a price.
type litellmName struct {
	field, rate string
	unit        int64
	modes       []string // in which it means that; nil: in all
}

// litellmNames are all of them, the longer of two that begin alike first.
var litellmNames = []litellmName{
	{"input_cost_per_token_cache_hit", "cached_input", perToken, nil},
	{"input_cost_per_token", "input", perToken, nil},
	{"output_cost_per_token", "output", perToken, nil},
	{"cache_read_input_token_cost", "cached_input", perToken, nil},
	{"cache_creation_input_token_cost_above_1hr", "cache_write_1hr", perToken, nil},
	{"cache_creation_input_token_cost", "cache_write", perToken, nil},
	{"output_cost_per_reasoning_token", "reasoning", perToken, nil},
	{"input_cost_per_audio_token", "audio_input", perToken, nil},
	{"cache_read_input_audio_token_cost", "cached_audio_input", perToken, nil},
	{"output_cost_per_audio_token", "audio_output", perToken, nil},
	{"input_cost_per_image_token", "image_input", perToken, nil},
	{"cache_read_input_image_token_cost", "cached_image_input", perToken, nil},
	{"output_cost_per_image_token", "image_output", perToken, nil},
	{"output_cost_per_image", "per_image", 1, []string{"image_generation", "image_edit"}},
	{"input_cost_per_image", "per_image", 1, []string{"image_generation"}},
	{"input_cost_per_character", "per_character", perToken, []string{"audio_speech"}},
	{"input_cost_per_second", "per_second", 1, []string{"audio_transcription"}},
	{"output_cost_per_second", "per_second", 1, []string{"audio_transcription"}},
	{"input_cost_per_request", "per_call", 1, nil},
	{"input_cost_per_query", "per_call", 1, nil},
}

// litellmTiers are the service tiers at the end of a field's name, and how providers call them.
var litellmTiers = map[string]string{
	"flex": "flex", "priority": "priority", "batches": "batch", "scale": "scale", "balanced": "balanced", "ultrafast": "ultrafast",
}

// litellmEntry reads the prices of one model. 0 stands for unknown there, so that what is free
// altogether has no price.
func litellmEntry(fields map[string]json.RawMessage) Known {
	known := Known{ContextWindow: litellmWindow(fields["max_input_tokens"])}
	b := builder{}
	mode := jsonString(fields["mode"])
	for _, n := range litellmNames { // in their order: the first that sets a price counts
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			rest, is := strings.CutPrefix(field, n.field)
			above, tier, ok := litellmSuffix(rest)
			if is && ok && (n.modes == nil || slices.Contains(n.modes, mode)) && b.set(above, tier, n.rate, number(fields[field]), n.unit) {
				delete(fields, field)
			}
		}
	}
	b.ranges(fields)
	for field, value := range fields {
		if isCost(field) && isPositive(value) {
			b.leftOut = append(b.leftOut, field)
		}
	}
	known.Price, known.LeftOut = b.price(), b.leftOut
	slices.Sort(known.LeftOut)
	return known
}

// isCost tells the fields that are about money.
func isCost(field string) bool {
	return strings.Contains(field, "cost") || strings.Contains(field, "pricing") || strings.HasSuffix(field, "multiplier") ||
		strings.Contains(field, "uplift_multiplier")
}

// litellmSuffix reads what follows the name of a price: _above_200k_tokens, _priority, both or
// nothing.
func litellmSuffix(s string) (above int64, tier string, ok bool) {
	if rest, is := strings.CutPrefix(s, "_above_"); is {
		size, rest, is := strings.Cut(rest, "k_tokens")
		n, err := strconv.ParseInt(size, 10, 32)
		if !is || err != nil || n <= 0 {
			return 0, "", false
		}
		above, s = n*1000, rest
	}
	if s == "" {
		return above, "", true
	}
	tier, ok = litellmTiers[strings.TrimPrefix(s, "_")]
	return above, tier, ok && s[0] == '_'
}

// ranges reads tiered_pricing: prices by ranges of input tokens.
func (b *builder) ranges(fields map[string]json.RawMessage) {
	var list []map[string]json.RawMessage
	if json.Unmarshal(fields["tiered_pricing"], &list) != nil {
		return
	}
	delete(fields, "tiered_pricing")
	for _, prices := range list {
		var bounds []float64
		if json.Unmarshal(prices["range"], &bounds) != nil || len(bounds) == 0 || bounds[0] < 0 || bounds[0] > 1e9 {
			b.leftOut = append(b.leftOut, "tiered_pricing")
			return
		}
		for _, field := range slices.Sorted(maps.Keys(prices)) {
			i := slices.IndexFunc(litellmNames, func(n litellmName) bool { return n.field == field })
			if i < 0 || !b.set(int64(bounds[0]), "", litellmNames[i].rate, number(prices[field]), litellmNames[i].unit) {
				if isCost(field) && isPositive(prices[field]) && !slices.Contains(b.leftOut, "tiered_pricing."+field) {
					b.leftOut = append(b.leftOut, "tiered_pricing."+field)
				}
			}
		}
	}
}

// litellmWindow reads a number, which is text where the file explains itself.
func litellmWindow(raw json.RawMessage) int64 {
	var limit float64
	_ = json.Unmarshal(raw, &limit) // 0 is unknown
	return window(int64(limit))
}

// builder makes a price of amounts that are found one by one.
type builder struct {
	base    adminv1.Price
	tiers   map[builderKey]*adminv1.PriceTier
	leftOut []string
}

type builderKey struct {
	service string
	above   int64
}

// set sets an amount per unit of a tier, or of the price itself. False: it is no amount. One
// that is set already stays.
func (b *builder) set(above int64, service, rate, text string, unit int64) bool {
	amount, ok := amountOf(rate, text, unit)
	if !ok {
		return false
	}
	var into proto.Message = &b.base
	if above > 0 || service != "" {
		at := builderKey{service, above}
		if b.tiers == nil {
			b.tiers = map[builderKey]*adminv1.PriceTier{}
		}
		if b.tiers[at] == nil {
			b.tiers[at] = &adminv1.PriceTier{ServiceTier: service, AboveInputTokens: above}
		}
		into = b.tiers[at]
	}
	if r := findRate(rate); r.Of(into) == "" {
		r.Set(into, amount)
	}
	return true
}

// maxTiers is how many tiers a price may have, as Price.tiers says.
const maxTiers = 32

// price is what was found; nil: nothing that costs anything.
func (b *builder) price() *adminv1.Price {
	p := proto.CloneOf(&b.base)
	// Where all output is of one kind, its price is that of the output.
	p.Output = cmp.Or(p.GetOutput(), p.GetImageOutput(), p.GetAudioOutput())
	if len(b.tiers) > maxTiers {
		b.leftOut, b.tiers = append(b.leftOut, fmt.Sprintf("more than %d tiers", maxTiers)), nil
	}
	for _, t := range b.tiers {
		p.Tiers = append(p.Tiers, t)
	}
	slices.SortFunc(p.Tiers, func(x, y *adminv1.PriceTier) int {
		return cmp.Or(cmp.Compare(x.GetServiceTier(), y.GetServiceTier()), cmp.Compare(x.GetAboveInputTokens(), y.GetAboveInputTokens()))
	})
	if isFree(p) {
		return nil
	}
	return p
}

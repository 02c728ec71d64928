package litellm

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// about fills in what is known of a model: its prices and how much it takes.
func (r *reader) about(m *adminv1.Model, params, info *takeover.Node) {
	if n, ok := info.First("max_input_tokens", "max_tokens").Int(); ok && n > 0 && n <= 1_000_000_000 {
		m.ContextWindow = n
	}
	if n, ok := info.Get("max_output_tokens").Int(); ok && n > 0 && n <= 1_000_000_000 {
		m.MaxOutputTokens = n
	}
	price := &adminv1.Price{}
	for _, from := range []*takeover.Node{info, params} { // litellm_params win
		for _, f := range fieldsOf(from) {
			r.price(price, f)
		}
	}
	if !proto.Equal(price, &adminv1.Price{}) {
		m.Price = price
	}
}

func fieldsOf(n *takeover.Node) []*takeover.Node {
	if !n.IsMap() {
		return nil
	}
	return n.Each()
}

// above is how LiteLLM names a price of long prompts.
var above = regexp.MustCompile(`^(.+)_above_([0-9]{1,4})k_tokens$`)

// price sets one price, if the field is one.
func (r *reader) price(p *adminv1.Price, f *takeover.Node) {
	name, tier := f.Key, (*adminv1.PriceTier)(nil)
	if m := above.FindStringSubmatch(name); m != nil {
		thousands, _ := strconv.ParseInt(m[2], 10, 64) // the pattern lets only numbers pass
		name, tier = m[1], tierOf(p, thousands*1000)
	}
	million := big.NewRat(1_000_000, 1)
	one := big.NewRat(1, 1)
	type place struct {
		base   *string
		scale  *big.Rat
		digits int
	}
	places := map[string]place{
		"input_cost_per_token":                      {base: &p.Input, scale: million, digits: 6},
		"output_cost_per_token":                     {base: &p.Output, scale: million, digits: 6},
		"cache_read_input_token_cost":               {base: &p.CachedInput, scale: million, digits: 6},
		"cache_creation_input_token_cost":           {base: &p.CacheWrite, scale: million, digits: 6},
		"cache_creation_input_token_cost_above_1hr": {base: &p.CacheWrite_1Hr, scale: million, digits: 6},
		"output_cost_per_reasoning_token":           {base: &p.Reasoning, scale: million, digits: 6},
		"input_cost_per_audio_token":                {base: &p.AudioInput, scale: million, digits: 6},
		"output_cost_per_audio_token":               {base: &p.AudioOutput, scale: million, digits: 6},
		"output_cost_per_image":                     {base: &p.PerImage, scale: one, digits: 12},
		"input_cost_per_second":                     {base: &p.PerSecond, scale: one, digits: 12},
		"input_cost_per_query":                      {base: &p.PerCall, scale: one, digits: 6},
	}
	if tier != nil {
		places = map[string]place{
			"input_cost_per_token":            {base: &tier.Input, scale: million, digits: 6},
			"output_cost_per_token":           {base: &tier.Output, scale: million, digits: 6},
			"cache_read_input_token_cost":     {base: &tier.CachedInput, scale: million, digits: 6},
			"cache_creation_input_token_cost": {base: &tier.CacheWrite, scale: million, digits: 6},
		}
	}
	at, ok := places[name]
	if !ok { // it is not touched: what nobody reads is reported
		dropEmptyTier(p, tier)
		return
	}
	value, isNumber := f.Number()
	if !isNumber || value.Sign() < 0 {
		dropEmptyTier(p, tier)
		r.d.Leave(f, "it is no price")
		return
	}
	exact := new(big.Rat).Mul(value, at.scale)
	*at.base = trim(exact.FloatString(at.digits))
	if rounded, _ := new(big.Rat).SetString(*at.base); rounded.Cmp(exact) != 0 {
		r.d.Bent(f, "rounded to %s", *at.base)
	}
}

// dropEmptyTier takes back a tier that was made for a price that there is no place for.
func dropEmptyTier(p *adminv1.Price, tier *adminv1.PriceTier) {
	if tier != nil && tier.Input+tier.Output+tier.CachedInput+tier.CacheWrite == "" {
		p.Tiers = p.Tiers[:len(p.Tiers)-1]
	}
}

func tierOf(p *adminv1.Price, tokens int64) *adminv1.PriceTier {
	for _, t := range p.GetTiers() {
		if t.GetAboveInputTokens() == tokens {
			return t
		}
	}
	t := &adminv1.PriceTier{AboveInputTokens: tokens}
	p.Tiers = append(p.Tiers, t)
	return t
}

// trim takes the zeros off the end of a decimal.
func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// defaults are the parameters of a request that a deployment sets where a client does not.
func defaults(params *takeover.Node) (set []*takeover.Node) {
	for _, key := range []string{
		"temperature", "top_p", "max_tokens", "max_completion_tokens", "frequency_penalty", "presence_penalty", "seed", "stop", "reasoning_effort",
		"parallel_tool_calls", "n",
	} {
		if v := params.Get(key); v.Given() {
			set = append(set, v)
		}
	}
	return set
}

// rules makes a field rule of each.
func (r *reader) rules(m *adminv1.Model, params *takeover.Node) {
	if len(m.GetFieldRules()) > 0 {
		return // the same deployment under another name
	}
	for _, v := range defaults(params) {
		m.FieldRules = append(m.FieldRules, &adminv1.FieldRule{Field: v.Key, Action: "default", Value: v.JSON()})
		r.d.Took(v, "field rule of model %s: set where the request does not", m.GetId())
	}
}

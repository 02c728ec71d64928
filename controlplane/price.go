package controlplane

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Rate is one of the amounts that a Price and its tiers are made of. They have the same name
// in every message.
type Rate struct {
	Name string
	Per  string // what it is paid for, for people
	most int64  // in the parsed unit
	pico bool   // parsed as pico-USD; else as micro-USD
	// What it is when it is not set: a share, in thousandths, of the first of these that is set,
	// or else of the last.
	instead []string
	share   int64

	price, tier, node protoreflect.FieldDescriptor
	at                int // its place in Rates
}

// Rates are all of them, those that stand in for others before these.
var Rates = indexed([]Rate{
	{Name: "input", Per: perTokens, most: MaxTokenPrice},
	{Name: "cached_input", Per: perTokens, most: MaxTokenPrice, instead: []string{"input"}},
	{Name: "cache_write", Per: perTokens, most: MaxTokenPrice, instead: []string{"input"}, share: 1250},
	{Name: "cache_write_1hr", Per: perTokens, most: MaxTokenPrice, instead: []string{"cache_write"}, share: 1600},
	{Name: "output", Per: perTokens, most: MaxTokenPrice},
	{Name: "reasoning", Per: perTokens, most: MaxTokenPrice, instead: []string{"output"}},
	{Name: "audio_input", Per: perTokens, most: MaxTokenPrice, instead: []string{"input"}},
	{Name: "cached_audio_input", Per: perTokens, most: MaxTokenPrice, instead: []string{"audio_input", "cached_input"}},
	{Name: "audio_output", Per: perTokens, most: MaxTokenPrice, instead: []string{"output"}},
	{Name: "image_input", Per: perTokens, most: MaxTokenPrice, instead: []string{"input"}},
	{Name: "cached_image_input", Per: perTokens, most: MaxTokenPrice, instead: []string{"image_input", "cached_input"}},
	{Name: "image_output", Per: perTokens, most: MaxTokenPrice, instead: []string{"output"}},
	{Name: "per_character", Per: "per million characters", most: MaxTokenPrice},
	{Name: "per_image", Per: "per image", most: MaxTokenPrice * million, pico: true},
	{Name: "per_second", Per: "per second", most: MaxTokenPrice * million, pico: true},
	{Name: "per_call", Per: "per call", most: MaxCallPrice},
})

const (
	perTokens = "per million tokens"
	million   = 1_000_000
)

func indexed(rates []Rate) []Rate {
	for i := range rates {
		r, name := &rates[i], protoreflect.Name(rates[i].Name)
		r.at = i
		r.price = (&adminv1.Price{}).ProtoReflect().Descriptor().Fields().ByName(name)
		r.tier = (&adminv1.PriceTier{}).ProtoReflect().Descriptor().Fields().ByName(name)
		r.node = (&nodev1.Price{}).ProtoReflect().Descriptor().Fields().ByName(name)
	}
	return rates
}

// FindRate finds a rate by its name; nil: there is none.
func FindRate(name string) *Rate {
	if i := slices.IndexFunc(Rates, func(r Rate) bool { return r.Name == name }); i >= 0 {
		return &Rates[i]
	}
	return nil
}

// Of gives the amount as it is written in a Price or a PriceTier; empty: it is not set.
func (r *Rate) Of(m proto.Message) string { return m.ProtoReflect().Get(r.in(m)).String() }

// Set writes the amount into a Price or a PriceTier.
func (r *Rate) Set(m proto.Message, amount string) {
	m.ProtoReflect().Set(r.in(m), protoreflect.ValueOfString(amount))
}

// IsField reports whether a field of a Price or of a PriceTier is this amount.
func (r *Rate) IsField(fd protoreflect.FieldDescriptor) bool { return fd == r.price || fd == r.tier }

func (r *Rate) in(m proto.Message) protoreflect.FieldDescriptor {
	if _, is := m.(*adminv1.PriceTier); is {
		return r.tier
	}
	return r.price
}

// parse reads an amount, as the snapshot has it.
func (r *Rate) parse(text string) (int64, error) {
	if r.pico {
		return usage.ParsePico(text)
	}
	return ParseDecimal(text)
}

// inMost is the most that the amount may be, in whole USD.
func (r *Rate) inMost() int64 {
	if r.pico {
		return r.most / million / million
	}
	return r.most / million
}

// IsPriced reports whether a price has any amount. One without is no price: the model's calls
// stay marked as unpriced instead of looking free.
func IsPriced(p *adminv1.Price) bool {
	return hasRate(p) || slices.ContainsFunc(p.GetTiers(), func(t *adminv1.PriceTier) bool { return hasRate(t) })
}

func hasRate(m proto.Message) bool {
	for i := range Rates {
		if Rates[i].Of(m) != "" {
			return true
		}
	}
	return false
}

// CheckPrice reads every amount of a price, and reports what is wrong with it: where, below
// path, and why.
func CheckPrice(p *adminv1.Price, fault func(field, reason string)) {
	checkRates(p, "", fault)
	seen := map[string]bool{}
	for i, t := range p.GetTiers() {
		path := fmt.Sprintf("tiers[%d]", i)
		at := t.GetServiceTier() + "/" + strconv.FormatInt(t.GetAboveInputTokens(), 10)
		switch {
		case usage.IsPlainTier(t.GetServiceTier()) && t.GetServiceTier() != "":
			fault(path+".service_tier", "is what the price itself is for")
		case t.GetServiceTier() == "" && t.GetAboveInputTokens() == 0:
			fault(path, "must name a service_tier, above_input_tokens or both")
		case seen[at]:
			fault(path, "is for the same calls as another tier")
		case !hasRate(t):
			fault(path, "must set a price")
		}
		seen[at] = true
		checkRates(t, path+".", fault)
	}
}

func checkRates(m proto.Message, path string, fault func(field, reason string)) {
	for i := range Rates {
		r := &Rates[i]
		text := r.Of(m)
		if text == "" {
			continue
		}
		n, err := r.parse(text)
		if err != nil {
			fault(path+r.Name, err.Error())
		} else if n > r.most {
			fault(path+r.Name, fmt.Sprintf("must be at most %d USD %s", r.inMost(), r.Per))
		}
	}
}

// ResolvePrice reads the exact decimals of a price and fills in every default, for the price
// itself and for each kind of call that its tiers tell apart; nil: it is no price.
func ResolvePrice(in *adminv1.Price) (*nodev1.Price, error) {
	if !IsPriced(in) {
		return nil, nil
	}
	out, err := resolveRates(in)
	if err != nil {
		return nil, err
	}
	for _, kind := range kindsOfCalls(in) {
		price, err := resolveRates(append([]proto.Message{in}, kind.layers...)...)
		if err != nil {
			return nil, err
		}
		out.Tiers = append(out.Tiers, &nodev1.PriceTier{ServiceTier: kind.tier, AboveInputTokens: kind.above, Price: price})
	}
	return out, nil
}

// kindOfCalls are calls of one service tier and of more than a number of input tokens, and the
// tiers whose prices they have, the strongest last.
type kindOfCalls struct {
	tier   string
	above  int64
	layers []proto.Message
}

// kindsOfCalls are by service tier, those of more tokens first.
func kindsOfCalls(p *adminv1.Price) (kinds []kindOfCalls) {
	services := map[string][]int64{}
	for _, t := range p.GetTiers() {
		services[t.GetServiceTier()] = append(services[t.GetServiceTier()], t.GetAboveInputTokens())
	}
	for service, bounds := range services {
		if service != "" {
			bounds = append(bounds, 0)
			bounds = append(bounds, services[""]...)
		}
		slices.Sort(bounds)
		for _, above := range slices.Compact(bounds) {
			k := kindOfCalls{tier: service, above: above}
			k.layer(p, "", 1, above)
			if service != "" {
				k.layer(p, service, 0, 0)
				k.layer(p, service, 1, above)
			}
			kinds = append(kinds, k)
		}
	}
	slices.SortFunc(kinds, func(a, b kindOfCalls) int {
		return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(b.above, a.above))
	})
	return kinds
}

// layer adds the tier of a service with the highest bound from least to most, if there is one.
func (k *kindOfCalls) layer(p *adminv1.Price, service string, least, most int64) {
	var best *adminv1.PriceTier
	for _, t := range p.GetTiers() {
		above := t.GetAboveInputTokens()
		if t.GetServiceTier() == service && above >= least && above <= most && (best == nil || above > best.GetAboveInputTokens()) {
			best = t
		}
	}
	if best != nil {
		k.layers = append(k.layers, best)
	}
}

// resolveRates reads the amounts of layers, of which the last that sets one counts, and fills
// in the others.
func resolveRates(layers ...proto.Message) (*nodev1.Price, error) {
	out := &nodev1.Price{}
	amounts, set := make([]int64, len(Rates)), make([]bool, len(Rates))
	for i := range Rates {
		r := &Rates[i]
		for _, layer := range slices.Backward(layers) {
			text := r.Of(layer)
			if text == "" {
				continue
			}
			n, err := r.parse(text)
			if err != nil {
				return nil, fmt.Errorf("price.%s: %w", r.Name, err)
			}
			amounts[i], set[i] = n, true
			break
		}
		for n, name := range r.instead {
			if other := FindRate(name).at; !set[i] && (set[other] || n == len(r.instead)-1) {
				amounts[i] = (amounts[other]*cmp.Or(r.share, 1000) + 500) / 1000
				break
			}
		}
		out.ProtoReflect().Set(r.node, protoreflect.ValueOfInt64(amounts[i]))
	}
	return out, nil
}

package dataplane

import "math/bits"

// PicoUSD is an exact amount of money: 1e-12 USD. An int64 of it reaches 9.2 million USD.
type PicoUSD int64

// maxPicoUSD is what no call costs more than, whatever its upstream tells.
const maxPicoUSD PicoUSD = 1<<63 - 1

// Price is what an upstream charges: the first of its tiers that fits a call, else the rates
// of its own.
type Price struct {
	Rates
	Tiers []PriceTier // by service tier, those of more tokens first
}

// PriceTier is what calls cost that a service tier answers, or that read much.
type PriceTier struct {
	ServiceTier string // empty: any that has no price of its own
	Above       int64  // input tokens; 0: any number
	Rates
}

// Rates are prices with every default filled in. Micro-USD per million is the same number as
// pico-USD for each, so cost needs no rounding.
type Rates struct {
	Input, CachedInput, CacheWrite, CacheWrite1hr PicoUSD // per token
	Output, Reasoning                             PicoUSD // per token
	AudioInput, CachedAudio, AudioOutput          PicoUSD // per token
	ImageInput, CachedImage, ImageOutput          PicoUSD // per token

	PerImage, PerCharacter, PerSecond, PerCall PicoUSD
}

// For finds the rates for a call; nil without a price.
func (p *Price) For(u *Usage) *Rates {
	if p == nil {
		return nil
	}
	if u.ServiceTier != "" {
		if r := p.tier(u.ServiceTier, u.Input); r != nil {
			return r
		}
	}
	if r := p.tier("", u.Input); r != nil {
		return r
	}
	return &p.Rates
}

func (p *Price) tier(service string, input int64) *Rates {
	for i := range p.Tiers {
		if t := &p.Tiers[i]; t.ServiceTier == service && (t.Above == 0 || input > t.Above) {
			return &t.Rates
		}
	}
	return nil
}

// Cost is what the usage costs; 0 without a price.
func (p *Price) Cost(u Usage) PicoUSD { return p.For(&u).Cost(u) }

// Cost is what the usage costs; 0 without rates.
func (r *Rates) Cost(u Usage) (sum PicoUSD) {
	for _, part := range r.Parts(&u) {
		if sum += part.Cost; sum < 0 {
			return maxPicoUSD
		}
	}
	return sum
}

// CostPart is a part of what a call costs.
type CostPart struct {
	Kind     string // as the field of a price is called
	Quantity int64
	Cost     PicoUSD
}

// Parts are what the usage costs by what it is paid for; each token is in one of them.
func (r *Rates) Parts(u *Usage) (parts [16]CostPart) {
	if r == nil {
		return parts
	}
	cachedText := u.CachedInput - u.CachedAudio - u.CachedImage
	audio, image := u.AudioInput-u.CachedAudio, u.ImageInput-u.CachedImage
	return [...]CostPart{
		part("input", max(u.Input-u.CachedInput-u.CacheWrite-audio-image, 0), r.Input),
		part("cached_input", cachedText, r.CachedInput),
		part("cache_write", u.CacheWrite-u.CacheWrite1hr, r.CacheWrite),
		part("cache_write_1hr", u.CacheWrite1hr, r.CacheWrite1hr),
		part("output", max(u.Output-u.Reasoning-u.AudioOutput-u.ImageOutput, 0), r.Output),
		part("reasoning", u.Reasoning, r.Reasoning),
		part("audio_input", audio, r.AudioInput),
		part("cached_audio_input", u.CachedAudio, r.CachedAudio),
		part("audio_output", u.AudioOutput, r.AudioOutput),
		part("image_input", image, r.ImageInput),
		part("cached_image_input", u.CachedImage, r.CachedImage),
		part("image_output", u.ImageOutput, r.ImageOutput),
		part("per_image", u.Images, r.PerImage),
		part("per_character", u.Characters, r.PerCharacter),
		seconds(u.AudioMS, r.PerSecond),
		part("per_call", max(u.BilledUnits, 1), r.PerCall),
	}
}

func part(kind string, n int64, rate PicoUSD) CostPart {
	return CostPart{Kind: kind, Quantity: n, Cost: times(n, rate)}
}

// seconds is priced by the second and counted in milliseconds; what is less than a pico-USD
// of them is free.
func seconds(ms int64, rate PicoUSD) CostPart {
	whole, rest := ms/1000, ms%1000
	cost := times(whole, rate)
	if more := times(rest, rate) / 1000; cost < maxPicoUSD-more {
		cost += more
	}
	return CostPart{Kind: "per_second", Quantity: ms, Cost: cost}
}

// times multiplies, up to the most there is.
func times(n int64, rate PicoUSD) PicoUSD {
	if n <= 0 || rate <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(n), uint64(rate))
	if high > 0 || low > uint64(maxPicoUSD) {
		return maxPicoUSD
	}
	return PicoUSD(low)
}

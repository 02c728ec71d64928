package oneapi

import (
	"math/big"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// usdPerRatio is what a model ratio of 1 is: USD per million input tokens.
const usdPerRatio = 2

// table reads a map of numbers by the names of models, which an option holds as text.
func (r *reader) table(option string) map[string]*takeover.Node {
	n := r.options[option]
	if n != nil && !n.IsMap() {
		n.Embedded()
	}
	all := map[string]*takeover.Node{}
	if n.IsMap() {
		for _, item := range n.Each() {
			all[item.Key] = item
		}
	}
	return all
}

// prices gives models the prices of the options, which are by the names that clients use. They are what users
// were charged, before the ratio of their group.
func (r *reader) prices() {
	ratios, fixed := r.table("ModelRatio"), r.table("ModelPrice")
	output, cached, written := r.table("CompletionRatio"), r.table("CacheRatio"), r.table("CreateCacheRatio")
	done := map[*adminv1.Model]bool{}
	for _, o := range r.offered {
		m := r.model(o)
		at := fixed[o.name]
		if at == nil {
			at = ratios[o.name]
		}
		if m == nil || at == nil || done[m] {
			continue
		}
		amount, ok := at.Number()
		if !ok || amount.Sign() < 0 || amount.Cmp(big.NewRat(1_000_000, 1)) > 0 {
			r.d.Leave(at, "it is no price")
			continue
		}
		done[m] = true
		if at == fixed[o.name] {
			m.Price = &adminv1.Price{PerCall: decimal(amount)}
			r.d.Bent(at, "model %s of provider %s costs USD %s for each call: what users were charged there", m.GetId(), o.member.GetProvider(), decimal(amount))
			continue
		}
		input := new(big.Rat).Mul(amount, big.NewRat(usdPerRatio, 1))
		m.Price = &adminv1.Price{Input: decimal(input), Output: decimal(input)}
		times := func(n *takeover.Node, field *string) {
			if factor, ok := n.Number(); ok && factor.Sign() >= 0 && factor.Cmp(big.NewRat(1000, 1)) < 0 {
				*field = decimal(new(big.Rat).Mul(input, factor))
			}
		}
		times(output[o.name], &m.Price.Output)
		times(cached[o.name], &m.Price.CachedInput)
		times(written[o.name], &m.Price.CacheWrite)
		text := ""
		if output[o.name] == nil {
			text = ", and the price of output is unknown: it is taken to be that of input"
		}
		r.d.Bent(at, "model %s of provider %s costs USD %s per million input tokens: what users were charged there%s", m.GetId(), o.member.GetProvider(), m.Price.GetInput(), text)
	}
	for _, option := range []string{"ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio", "CreateCacheRatio"} {
		r.rest(r.options[option])
	}
	for _, name := range []string{"GroupRatio", "GroupGroupRatio"} {
		if n := r.options[name]; n != nil {
			r.d.Leave(n, "prices are the same for all: there are no groups of users")
		}
	}
}

// rest says once that an option has prices of other models too: there may be hundreds.
func (r *reader) rest(n *takeover.Node) {
	if !n.IsMap() {
		return
	}
	unread := 0
	for _, item := range n.Each() {
		if !item.Used() {
			unread++
		}
	}
	if unread > 0 {
		r.d.Leave(n, "it prices %d models that no channel which was taken over has, or that have a price already", unread)
	}
}

// model is what an offer leads to.
func (r *reader) model(o *offer) *adminv1.Model {
	for _, p := range r.d.Providers {
		if p.GetName() == o.member.GetProvider() {
			for _, m := range p.GetModels() {
				if m.GetId() == o.member.GetModel() {
					return m
				}
			}
		}
	}
	return nil
}

// decimal writes an amount as prices are written, to the millionth.
func decimal(amount *big.Rat) string {
	text := amount.FloatString(6)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text
}

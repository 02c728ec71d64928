package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// findRate finds a rate that is named in this package.
func findRate(name string) *controlplane.Rate {
	r := controlplane.FindRate(name)
	if r == nil {
		panic("there is no price called " + name)
	}
	return r
}

// amountOf writes an amount per unit as its price has it.
func amountOf(rate, text string, unit int64) (string, bool) {
	return findRate(rate).From(text, unit)
}

// isFree reports a price of which nothing costs anything.
func isFree(p *adminv1.Price) bool {
	none := func(m proto.Message) bool {
		return !slices.ContainsFunc(controlplane.Rates, func(r controlplane.Rate) bool {
			amount := r.Of(m)
			return amount != "" && amount != "0"
		})
	}
	return none(p) && !slices.ContainsFunc(p.GetTiers(), func(t *adminv1.PriceTier) bool { return !none(t) })
}

// number gives the text of a number, as it stands or in quotes.
func number(raw json.RawMessage) string {
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return ""
	}
	return n.String()
}

func jsonString(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no text is none
	return s
}

// isPositive reports a number above 0, or something that holds one.
func isPositive(raw json.RawMessage) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return false
	}
	return holdsPositive(v)
}

func holdsPositive(v any) bool {
	switch v := v.(type) {
	case float64:
		return v > 0
	case []any:
		return slices.ContainsFunc(v, holdsPositive)
	case map[string]any:
		for _, inside := range v {
			if holdsPositive(inside) {
				return true
			}
		}
	}
	return false
}

// maxNamed is how many kinds of prices are named that are not taken over.
const maxNamed = 40

// leftOutKinds names the prices that are not taken over, those of most models first.
func leftOutKinds(prices Prices) (kinds []string) {
	models := map[string]int{}
	for _, known := range prices {
		for _, field := range known.LeftOut {
			models[field]++
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

// isObject reports whether a JSON value is an object.
func isObject(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

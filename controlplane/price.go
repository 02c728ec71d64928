package controlplane

import (
	"cmp"
	"fmt"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// ResolvePrice reads exact decimals of USD as micro-USD. A price without any number is
// no price: the model's calls stay marked as unpriced instead of looking free.
func ResolvePrice(in *adminv1.Price) (*nodev1.Price, error) {
	if in.GetInput() == "" && in.GetCachedInput() == "" && in.GetOutput() == "" && in.GetPerCall() == "" && in.GetCacheWrite() == "" {
		return nil, nil
	}
	out := &nodev1.Price{}
	for _, p := range []struct {
		field string
		text  string
		into  *int64
	}{
		{"input", in.GetInput(), &out.Input},
		{"cached_input", cmp.Or(in.GetCachedInput(), in.GetInput()), &out.CachedInput},
		{"output", in.GetOutput(), &out.Output},
		{"per_call", in.GetPerCall(), &out.PerCall},
		{"cache_write", in.GetCacheWrite(), &out.CacheWrite},
	} {
		if p.text == "" {
			continue
		}
		micro, err := ParseDecimal(p.text)
		if err != nil {
			return nil, fmt.Errorf("price.%s: %w", p.field, err)
		}
		*p.into = micro
	}
	if in.GetCacheWrite() == "" { // what Anthropic charges; nobody else tells such tokens
		out.CacheWrite = (out.Input*5 + 2) / 4
	}
	return out, nil
}

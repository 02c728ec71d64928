package alerts

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// relevantKeys are the API keys that a detector has to look at again and again: of a hundred thousand, mostly few.
// They are found once in each configuration.
type relevantKeys struct {
	in   *controlplane.Config
	keys []*controlplane.Resource // in name order
}

func (r *relevantKeys) of(c *controlplane.Config, isRelevant func(*adminv1.ApiKey) bool) []*controlplane.Resource {
	if r.in == c {
		return r.keys
	}
	r.in, r.keys = c, nil
	for _, key := range c.List(controlplane.KindAPIKey) {
		if isRelevant(key.Spec.(*adminv1.ApiKey)) {
			r.keys = append(r.keys, key)
		}
	}
	return r.keys
}

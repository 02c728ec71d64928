package engine

import (
	"slices"
	"strconv"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// estimatedHeader marks a number of tokens that is a guess of ours.
const estimatedHeader = "X-Trunkline-Estimated"

// estimates answers a request that only asks how many tokens it has, if nobody can count them: no
// provider of the group has the endpoint. Nobody is to blame for that.
func (c *call) estimates() (answered bool) {
	e := c.req.Endpoint
	if e.Estimated == nil || len(c.rec.failed) == 0 && c.translator.lacking == 0 || slices.ContainsFunc(c.rec.failed, func(f failure) bool {
		return f.verdict.Outcome != dataplane.Unsupported || f.verdict.Feature
	}) {
		return false
	}
	c.rec.Outcome, c.rec.Status = dataplane.OK, dataplane.OK.Rule().Status
	h := c.client.w.Header()
	h[estimatedHeader] = []string{"true"}
	h["X-Trunkline-Attempts"] = []string{strconv.Itoa(c.tried)}
	WriteJSON(c.client.w, c.rec.Status, e.Estimated(wire.PromptTokens(c.req.Body.JSON)))
	return true
}

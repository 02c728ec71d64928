package proxy

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// estimate guesses tokens from bytes, four to a token, where the upstream told none.
func (a *attempt) estimate(output int) dataplane.Usage { return a.guess(int64(output / 4)) }

// guess is the usage of an answer of so many tokens whose upstream told none.
func (a *attempt) guess(output int64) dataplane.Usage {
	switch a.call.endpoint.Estimate {
	case wire.EstimateBoth:
		return dataplane.Usage{Input: int64(a.promptTokens()), Output: output, Source: dataplane.UsageEstimated}
	case wire.EstimateInput:
		return dataplane.Usage{Input: int64(a.promptTokens()), Source: dataplane.UsageEstimated}
	}
	return dataplane.Usage{}
}

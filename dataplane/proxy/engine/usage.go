package engine

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// longestToken is how many bytes of text a token stands for at most, over a whole answer: a
// usage that tells of longer ones is not true.
const longestToken = 128

// promptTokens guesses how long the prompt takes to be read: by all its bytes.
func (r *Request) promptTokens() int64 { return int64(r.Body.Size) / 4 }

// readingTime is what a long prompt adds to the time for the answer: a second for every 4,096
// tokens.
func (r *Request) readingTime() time.Duration {
	return time.Duration(r.promptTokens()/4096) * time.Second
}

// took notes what a plain answer that is not the client's told of its usage and held of text.
// It may be cut anywhere, and may be no JSON.
func (a *attempt) took(answer []byte) {
	a.record.Usage = a.endpoint.Usage(answer)
	if a.endpoint.Estimate == wire.EstimateBoth {
		a.received = a.endpoint.Output(answer)
	}
}

// guess is the usage of an answer with so many bytes of output text whose upstream told none.
func (r *Request) guess(output int64) dataplane.Usage {
	u := dataplane.Usage{Characters: r.Envelope.Characters}
	switch r.Endpoint.Estimate {
	case wire.EstimateBoth:
		u.Input, u.Output, u.Source = r.Envelope.Prompt, wire.TokensIn(output), dataplane.UsageEstimated
	case wire.EstimateInput:
		u.Input, u.Source = r.Envelope.Prompt, dataplane.UsageEstimated
	}
	return u
}

// settle is the usage of an answer with so many bytes of output text: what the upstream told,
// and a guess for what cannot be true of it. No tokens are true where there is no output.
func (r *Request) settle(told dataplane.Usage, output int64) dataplane.Usage {
	guess := r.guess(output)
	told.Characters = guess.Characters
	switch {
	case told.Source == dataplane.UsageNone:
		told.Input, told.Output, told.Source = guess.Input, guess.Output, guess.Source
		return told
	case guess.Source == dataplane.UsageNone, r.Endpoint.Estimate == wire.EstimateBoth && output == 0 && told.Output == 0:
		return told
	}
	if output > longestToken*told.Output {
		told.Output, told.Source = guess.Output, dataplane.UsageEstimated
	}
	if told.Input == 0 {
		told.Input, told.Source = guess.Input, dataplane.UsageEstimated
	}
	return told
}

// settlePlain is settle for a plain answer. Its text is looked for only where the usage could
// be untrue.
func (a *attempt) settlePlain(doc *scan.Object) dataplane.Usage {
	answer, told := doc.Text(), a.endpoint.UsageIn(doc)
	var output int64
	if a.endpoint.Estimate == wire.EstimateBoth && (told.Output == 0 || int64(len(answer)) > longestToken*told.Output+maxEnvelope) {
		output = a.endpoint.Output(answer)
	}
	return a.call.req.settle(told, output)
}

// maxEnvelope is how much of an answer may be something other than its text.
const maxEnvelope = 4 << 10

// settleLong is settle for a plain answer that was relayed: its end, and how much text went by.
func (r *Request) settleLong(last *wire.Tail, seen *wire.Meter) dataplane.Usage {
	told, _ := last.Usage()
	return r.settle(told, seen.Output())
}

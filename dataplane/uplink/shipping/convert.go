package shipping

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Longest texts in bytes, and most attempts and skipped members, that are shipped of a call: no client can
// make a record larger than a batch.
const (
	maxReason   = 1024
	maxAttempts = 64
)

// toCall turns the record of a call into its message.
func toCall(c dataplane.Call) *nodev1.Call { return new(draft).of(c) }

// draft is the message of a call. Its memory is used again for the next one.
type draft struct {
	call     nodev1.Call
	usages   parts[nodev1.Usage]
	attempts parts[nodev1.Attempt]
	costs    parts[nodev1.CostPart]
}

// parts are messages that are used again.
type parts[M any] struct {
	all  []*M
	used int
}

// next gives one that is not in use. What it holds is of an earlier call.
func (p *parts[M]) next() *M {
	if p.used == len(p.all) {
		p.all = append(p.all, new(M))
	}
	p.used++
	return p.all[p.used-1]
}

// of gives the message of a call, until the next one is asked for. Texts are made valid: one that is
// not would keep its whole batch from ever being sent.
func (d *draft) of(c dataplane.Call) *nodev1.Call {
	d.usages.used, d.attempts.used, d.costs.used = 0, 0, 0
	room, out := d.call.Attempts[:0], &d.call
	*out = nodev1.Call{
		Id:                 stream.Text(c.ID, stream.MaxName),
		StartUs:            c.Start.UnixMicro(),
		Endpoint:           stream.Text(c.Endpoint, stream.MaxName),
		Model:              stream.Text(c.Model, stream.MaxName),
		Group:              stream.Text(c.Group, stream.MaxName),
		ApiKey:             stream.Text(c.APIKey, stream.MaxName),
		Stream:             c.Stream,
		Outcome:            c.Outcome.String(),
		Status:             int32(c.Status),
		ErrorCode:          stream.Text(c.ErrorCode, stream.MaxName),
		Provider:           stream.Text(c.Provider, stream.MaxName),
		UpstreamModel:      stream.Text(c.UpstreamModel, stream.MaxName),
		FirstTokenUs:       c.FirstToken.Microseconds(),
		DurationUs:         c.Duration.Microseconds(),
		OverheadUs:         c.Overhead.Microseconds(),
		Usage:              d.usage(c.Usage),
		Cost:               int64(c.Cost),
		ClientRetry:        int32(c.ClientRetry),
		KeywordAfterCommit: c.KeywordLate,
		ResponseId:         stream.Text(c.ResponseID, stream.MaxName),
		PreviousResponseId: stream.Text(c.PreviousID, stream.MaxName),
		AffinityKey:        c.Affinity.Key.String(),
		AffinityHeld:       c.Affinity.Held,
		Background:         c.Background,
		TraceId:            c.Trace.ID.String(),
	}
	said(out, &c.Said)
	attempts := c.Attempts[:min(len(c.Attempts), maxAttempts)]
	out.Attempts = room
	for _, a := range attempts {
		out.Attempts = append(out.Attempts, d.attempt(a))
	}
	for _, s := range c.Skipped[:min(len(c.Skipped), maxAttempts)] {
		out.Skipped = append(out.Skipped, &nodev1.Skipped{
			Provider:  stream.Text(s.Provider, stream.MaxName),
			Model:     stream.Text(s.Model, stream.MaxName),
			Reason:    s.Reason.String(),
			Parameter: stream.Text(s.Parameter, stream.MaxName),
			UntilUs:   s.Until.UnixMicro(),
		})
	}
	return out
}

// said adds what the client says of the call.
func said(out *nodev1.Call, s *dataplane.Said) {
	out.ClientRequestId = stream.Text(s.RequestID, stream.MaxName)
	out.IncomingRequestId = stream.Text(s.Incoming, stream.MaxName)
	out.User = stream.Text(s.User, stream.MaxName)
	if len(s.Metadata) == 0 {
		return
	}
	out.Metadata = make(map[string]string, len(s.Metadata))
	for key, value := range s.Metadata {
		out.Metadata[stream.Text(key, stream.MaxName)] = stream.Text(value, stream.MaxName)
	}
}

func (d *draft) attempt(a dataplane.Attempt) *nodev1.Attempt {
	out := d.attempts.next()
	room := out.CostParts[:0]
	*out = nodev1.Attempt{
		Provider:      stream.Text(a.Provider, stream.MaxName),
		Model:         stream.Text(a.Model, stream.MaxName),
		Credential:    stream.Text(a.Credential, stream.MaxName),
		StartOffsetUs: a.StartOffset.Microseconds(),
		FirstFrameUs:  a.FirstFrame.Microseconds(),
		FirstTokenUs:  a.FirstToken.Microseconds(),
		WorkingUs:     a.Working.Microseconds(),
		DurationUs:    a.Duration.Microseconds(),
		Status:        int32(a.Status),
		Outcome:       a.Outcome.String(),
		Reason:        stream.Text(a.Reason, maxReason),
		Blame:         a.Blame,
		MaybeBilled:   a.MaybeBilled,
		LastResort:    a.LastResort,
		Usage:         d.usage(a.Usage),
		Cost:          int64(a.Cost),
		Keyword:       stream.Text(a.Keyword, stream.MaxName),
		Again:         a.Retry,

		FieldRules:     a.FieldRules,
		OpaqueItemsCut: int32(a.Opaque),
		CostParts:      d.costParts(room, &a),
		Translation:    toTranslation(a.Translation),
	}
	return out
}

func toTranslation(t *dataplane.Translation) *nodev1.Translation {
	if t == nil {
		return nil
	}
	return &nodev1.Translation{From: t.From, To: t.To, Approximated: t.Approximated, Dropped: t.Dropped}
}

// costParts leaves out what costs nothing.
func (d *draft) costParts(all []*nodev1.CostPart, a *dataplane.Attempt) []*nodev1.CostPart {
	if a.Cost == 0 {
		return all
	}
	for _, p := range a.Rates.Parts(&a.Usage) {
		if p.Cost > 0 {
			part := d.costs.next()
			*part = nodev1.CostPart{Kind: p.Kind, Quantity: p.Quantity, Cost: int64(p.Cost)}
			all = append(all, part)
		}
	}
	return all
}

func (d *draft) usage(u dataplane.Usage) *nodev1.Usage {
	out := d.usages.next()
	*out = nodev1.Usage{
		InputTokens:            u.Input,
		CachedInputTokens:      u.CachedInput,
		CacheWriteTokens:       u.CacheWrite,
		CacheWrite_1HrTokens:   u.CacheWrite1hr,
		OutputTokens:           u.Output,
		ReasoningTokens:        u.Reasoning,
		AudioInputTokens:       u.AudioInput,
		CachedAudioInputTokens: u.CachedAudio,
		AudioOutputTokens:      u.AudioOutput,
		ImageInputTokens:       u.ImageInput,
		CachedImageInputTokens: u.CachedImage,
		ImageOutputTokens:      u.ImageOutput,
		Images:                 u.Images,
		Characters:             u.Characters,
		AudioMs:                u.AudioMS,
		BilledUnits:            u.BilledUnits,
		ServiceTier:            u.ServiceTier,
		Source:                 u.Source.String(),
	}
	return out
}

func translationFootprint(t *nodev1.Translation) (n int) {
	if t == nil {
		return 0
	}
	const message, text = 160, 16
	for _, names := range [][]string{t.Approximated, t.Dropped} {
		for _, name := range names {
			n += text + len(name)
		}
	}
	return message + len(t.From) + len(t.To) + n
}

// footprint is about what a call takes in memory, in bytes: the messages themselves, and
// their texts.
func footprint(c *nodev1.Call) int64 {
	const call, attempt, usage, part, pair = 440, 304, 216, 88, 64
	n := call + usage + len(c.Id) + len(c.Endpoint) + len(c.Model) + len(c.Group) + len(c.ApiKey) +
		len(c.ErrorCode) + len(c.Provider) + len(c.UpstreamModel) + len(c.ResponseId) + len(c.PreviousResponseId)
	n += len(c.TraceId) + len(c.ClientRequestId) + len(c.IncomingRequestId) + len(c.User)
	for key, value := range c.Metadata {
		n += pair + len(key) + len(value)
	}
	for _, a := range c.Attempts {
		n += attempt + usage + part*len(a.CostParts) + len(a.Provider) + len(a.Model) + len(a.Credential) + len(a.Reason) + len(a.Keyword)
		for _, r := range a.FieldRules {
			n += len(r)
		}
		n += translationFootprint(a.Translation)
	}
	return int64(n)
}

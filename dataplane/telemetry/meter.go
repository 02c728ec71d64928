package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// meter measures attempts: each is a request of a client's, which we are, to a provider.
type meter struct {
	duration, firstChunk, perChunk         metric.Float64Histogram // of inference
	embedding                              metric.Float64Histogram // duration of embeddings
	other                                  metric.Float64Histogram // duration of what is neither
	input, output, read, written, reasoned metric.Int64Counter
	eachInput, eachOutput, eachEmbedding   metric.Int64Histogram // tokens of one operation
	old                                    bool
	oldFirstChunk, oldPerChunk             metric.Float64Histogram
	oldUsage                               metric.Int64Histogram
}

func newMeter(m metric.Meter, old bool) (*meter, error) {
	var errs []error
	histogram := func(name, description string) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(seconds...))
		errs = append(errs, err)
		return h
	}
	counter := func(name, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit("{token}"), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	perOperation := func(name, description string) metric.Int64Histogram {
		h, err := m.Int64Histogram(name, metric.WithUnit("{token}"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(tokens...))
		errs = append(errs, err)
		return h
	}
	t := &meter{
		duration:   histogram(inferenceDuration, "Duration of an inference request to a provider."),
		firstChunk: histogram(timeToFirstChunk, "Time from the request to the first chunk of a stream."),
		perChunk:   histogram(timePerOutputChunk, "Mean time between two chunks of a stream, once for each stream."),
		embedding:  histogram(embeddingsDuration, "Duration of a request for embeddings to a provider."),
		other:      histogram(operationDuration, "Duration of a request to a provider that is neither inference nor embeddings."),
		input:      counter(usageInput, "Input tokens used, cached ones included."),
		output:     counter(usageOutput, "Output tokens used, those of reasoning included."),
		read:       counter(usageCacheRead, "Input tokens that came from a cache of the provider's."),
		written:    counter(usageCacheWrite, "Input tokens written to a cache of the provider's."),
		reasoned:   counter(usageReasoning, "Output tokens of reasoning."),

		eachInput:     perOperation(inputPerInference, "Input tokens of one inference request, cached ones included."),
		eachOutput:    perOperation(outputPerInference, "Output tokens of one inference request, those of reasoning included."),
		eachEmbedding: perOperation(inputPerEmbedding, "Input tokens of one request for embeddings."),
		old:           old,
	}
	if old {
		t.oldFirstChunk = histogram(oldTimeToFirstChunk, "Time from the request to the first chunk of a stream.")
		t.oldPerChunk = histogram(oldTimePerChunk, "Mean time between two chunks of a stream, once for each stream.")
		t.oldUsage = perOperation(oldTokenUsage, "Input and output tokens used.")
	}
	return t, errors.Join(errs...)
}

// attempt measures one try.
func (m *meter) attempt(operation string, at place, stream bool, a *dataplane.Attempt) {
	ctx := context.Background()
	about := append([]attribute.KeyValue{operationName.String(operation), requestModel.String(a.Model)}, at...)
	with := about
	if a.Outcome != dataplane.OK {
		with = append(about[:len(about):len(about)], errorType.String(a.Outcome.String()))
	}
	ended, plain := metric.WithAttributes(with...), metric.WithAttributes(about...)
	infers, embeds := inference[operation], operation == embeddings
	if !infers && !embeds || m.old {
		m.other.Record(ctx, a.Duration.Seconds(), ended)
	}
	if embeds {
		m.embedding.Record(ctx, a.Duration.Seconds(), ended)
		if a.Usage.Input > 0 {
			m.eachEmbedding.Record(ctx, a.Usage.Input, plain)
		}
	}
	if m.old && (infers || embeds) {
		m.oldTokens(ctx, about, &a.Usage)
	}
	if !infers {
		return
	}
	m.duration.Record(ctx, a.Duration.Seconds(), ended)
	m.eachInput.Record(ctx, a.Usage.Input, ended) // 0 counts: as many as the durations
	m.eachOutput.Record(ctx, a.Usage.Output, ended)
	if stream && a.FirstFrame > 0 {
		m.firstChunk.Record(ctx, a.FirstFrame.Seconds(), plain)
		if m.old {
			m.oldFirstChunk.Record(ctx, a.FirstFrame.Seconds(), plain)
		}
		if a.Chunks > 1 {
			each := (a.Duration - a.FirstFrame).Seconds() / float64(a.Chunks-1)
			m.perChunk.Record(ctx, each, plain)
			if m.old {
				m.oldPerChunk.Record(ctx, each, plain)
			}
		}
	}
	m.usage(ctx, about, &a.Usage)
}

// usage counts tokens, by modality where the provider tells it.
func (m *meter) usage(ctx context.Context, about []attribute.KeyValue, u *dataplane.Usage) {
	add := func(c metric.Int64Counter, modality string, n int64) {
		if n > 0 {
			c.Add(ctx, n, metric.WithAttributes(append(about[:len(about):len(about)], tokenModality.String(modality))...))
		}
	}
	split := func(c metric.Int64Counter, all, audio, image int64) {
		rest := "unknown"
		if audio > 0 || image > 0 {
			rest = "text"
		}
		add(c, "audio", audio)
		add(c, "image", image)
		add(c, rest, all-audio-image)
	}
	split(m.input, u.Input, u.AudioInput, u.ImageInput)
	split(m.output, u.Output, u.AudioOutput, u.ImageOutput)
	split(m.read, u.CachedInput, u.CachedAudio, u.CachedImage)
	add(m.written, "unknown", u.CacheWrite)
	add(m.reasoned, "unknown", u.Reasoning)
}

// oldTokens measures tokens under the name of before.
func (m *meter) oldTokens(ctx context.Context, about []attribute.KeyValue, u *dataplane.Usage) {
	for kind, n := range map[string]int64{"input": u.Input, "output": u.Output} {
		if n > 0 {
			m.oldUsage.Record(ctx, n, metric.WithAttributes(append(about[:len(about):len(about)], oldTokenType.String(kind))...))
		}
	}
}

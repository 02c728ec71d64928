package telemetry

import "go.opentelemetry.io/otel/attribute"

// The names of open-telemetry/semantic-conventions-genai v0.1.0 that are used here. There is no Go
// package of them.
const (
	operationName = attribute.Key("gen_ai.operation.name")
	providerName  = attribute.Key("gen_ai.provider.name")
	requestModel  = attribute.Key("gen_ai.request.model")
	requestStream = attribute.Key("gen_ai.request.stream")
	responseModel = attribute.Key("gen_ai.response.model")
	firstChunk    = attribute.Key("gen_ai.response.time_to_first_chunk")
	tokenModality = attribute.Key("gen_ai.token.modality")

	inputTokens      = attribute.Key("gen_ai.usage.input_tokens")
	outputTokens     = attribute.Key("gen_ai.usage.output_tokens")
	cacheReadTokens  = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	cacheWriteTokens = attribute.Key("gen_ai.usage.cache_write.input_tokens")
	reasoningTokens  = attribute.Key("gen_ai.usage.reasoning.output_tokens")

	audioInputTokens     = attribute.Key("gen_ai.usage.audio.input_tokens")
	audioOutputTokens    = attribute.Key("gen_ai.usage.audio.output_tokens")
	audioCacheReadTokens = attribute.Key("gen_ai.usage.audio.cache_read.input_tokens")
	imageInputTokens     = attribute.Key("gen_ai.usage.image.input_tokens")
	imageOutputTokens    = attribute.Key("gen_ai.usage.image.output_tokens")
	imageCacheReadTokens = attribute.Key("gen_ai.usage.image.cache_read.input_tokens")
)

// Of the conventions for all.
const (
	errorType     = attribute.Key("error.type")
	serverAddress = attribute.Key("server.address")
	serverPort    = attribute.Key("server.port")
	httpMethod    = attribute.Key("http.request.method")
	httpRoute     = attribute.Key("http.route")
	httpStatus    = attribute.Key("http.response.status_code")
)

// Our own.
const (
	callID        = attribute.Key("trunkline.call.id")
	groupName     = attribute.Key("trunkline.group")
	outcomeName   = attribute.Key("trunkline.outcome")
	attemptCount  = attribute.Key("trunkline.attempts")
	costUSD       = attribute.Key("trunkline.cost_usd")
	ourProvider   = attribute.Key("trunkline.provider")
	isRetry       = attribute.Key("trunkline.retry")
	isLastResort  = attribute.Key("trunkline.last_resort")
	blamed        = attribute.Key("trunkline.blame")
	skippedReason = attribute.Key("trunkline.reason")
)

// The metrics.
const (
	inferenceDuration   = "gen_ai.client.inference.duration"
	timeToFirstChunk    = "gen_ai.client.inference.time_to_first_chunk"
	timePerOutputChunk  = "gen_ai.client.inference.time_per_output_chunk"
	inputPerInference   = "gen_ai.client.inference.operation.input_tokens"
	outputPerInference  = "gen_ai.client.inference.operation.output_tokens"
	embeddingsDuration  = "gen_ai.client.embeddings.duration"
	inputPerEmbedding   = "gen_ai.client.embeddings.operation.input_tokens"
	operationDuration   = "gen_ai.client.operation.duration" // of what is neither
	usageInput          = "gen_ai.client.inference.usage.input_tokens"
	usageOutput         = "gen_ai.client.inference.usage.output_tokens"
	usageCacheRead      = "gen_ai.client.inference.usage.cache_read.input_tokens"
	usageCacheWrite     = "gen_ai.client.inference.usage.cache_write.input_tokens"
	usageReasoning      = "gen_ai.client.inference.usage.reasoning.output_tokens"
	oldTimeToFirstChunk = "gen_ai.client.operation.time_to_first_chunk"
	oldTimePerChunk     = "gen_ai.client.operation.time_per_output_chunk"
	oldTokenUsage       = "gen_ai.client.token.usage"
	oldTokenType        = attribute.Key("gen_ai.token.type")
)

// inference are the operations that the conventions call so; embeddings have metrics of their own, and for others
// there is operationDuration, and no count of tokens.
var inference = map[string]bool{"chat": true, "text_completion": true, "generate_content": true}

const embeddings = "embeddings"

// seconds are the buckets of all durations, up to 655.36 s.
var seconds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36}

// tokens are the buckets of tokens of one operation.
var tokens = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}

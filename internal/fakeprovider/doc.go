// Package fakeprovider is a scripted OpenAI-compatible upstream for tests, demos and
// benchmarks: the model name chooses what happens, so every failure of a real provider can
// be rehearsed by naming it.
//
// It has every endpoint that names a model: chat/completions, completions, responses (and compact),
// embeddings, moderations, images, audio (speech, transcriptions, translations), rerank,
// Anthropic's messages and messages/count_tokens, which word their errors as Anthropic does, and Google's
// models/MODEL:generateContent, :streamGenerateContent, :countTokens, :embedContent and :batchEmbedContents,
// also below /v1beta, which word theirs as Google does.
// The behaviours are the same on all of them. Images and audio are not real ones; echo tells
// of an uploaded file its field, name, size and the first bytes of its SHA-256.
//
// A model name is one or more behaviours joined by "+": "slow-800ms+status-500" waits,
// then fails. What follows an "@" is a label that only tells models apart:
// "status-500@backup". Each behaviour may end in a gate, which decides by the number of the
// call to that model, counted apart for each Host and each credential, so that one process
// can play several providers:
//
//	-after-N   the first N calls go well, then the behaviour applies: status-429-after-2
//	-times-N   the behaviour applies to the first N calls only: status-500-times-3
//	-every-N   the behaviour applies to each Nth call: cut-40-every-3
//
// A name that is no behaviour is answered with 404 model_not_found, as a provider would.
//
// The behaviours, by what they change:
//
//   - the whole answer: ok, echo, agent (in every dialect: a word and a call, then a word), status-CODE, status-CODE-retry-after-SECONDS, error-KIND
//     (the real bodies of real providers), redirect, stall-before
//   - a 200 that is none: 200-error[-KIND], 200-html, 200-null, 200-empty, 200-malformed,
//     200-truncated, 200-text-json, 200-no-choices, sse-for-plain, json-for-stream
//   - errors inside a stream: sse-error-first[-KIND], sse-error-after-created[-KIND],
//     sse-error-mid-EVENTS[-KIND]
//   - connections: cut-BYTES and cut-events-N (reset), eof-BYTES and eof-events-N (clean
//     close), stall-BYTES and stall-events-N (silence until the client leaves); a cut or
//     eof of 0 comes before the headers
//   - the end of a stream: empty-stream, empty-role, empty-answer, no-done, no-finish,
//     bytes-after-done; of any answer: finish-REASON
//   - the text: keyword-WORDS, keyword-late-WORDS, tokens-N, huge-MEGABYTES,
//     big-event-SIZE, delta-MEMBER
//   - the clock: slow-TIME, first-token-TIME, chunk-TIME
//   - the bytes on the wire: comments, crlf, no-space, gzip, usage-none, label-TYPE
//   - the usage: prompt-cache, which plays the prompt cache that a credential has at a provider
//
// Behaviours that only make sense in a stream leave a plain answer as it is, except that
// an error inside a stream becomes an error inside a 200.
//
// Responses that are not asked with store: false are kept, each for the credential that asked: they
// can be retrieved (as a stream too), gone on with, cancelled and deleted. Those in the background are
// queued, and polls-N and ends-STATUS say when and how they end.
//
// http://HOST/lists/SPEC/v1 is a base URL whose list of models has another shape or goes
// wrong; lists.go tells the SPECs.
//
// [Table] prints the whole list, GET / serves it. GET /_served tells what was
// asked and how each answer ended, DELETE /_served forgets it.
package fakeprovider

package messages

import "github.com/trunkline-ai/trunkline/internal/wire/form"

// dialect is the name of the API among those that are translated, and of what only its providers read:
// blocks of thinking with their signatures, whole.
const dialect = "messages"

// Codec reads and writes messages for clients and providers of other APIs.
type Codec struct{}

var _ form.Codec = Codec{}

// Name is the dialect's.
func (Codec) Name() string { return dialect }

// Stop is the last event of a message.
var Stop = []byte("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")

// markText is a silent member by which content is written back as it was read: as a plain text, or, if it
// holds null, not at all.
const markText = "content"

// longestID is how long the id of a call may be.
const longestID = 64

// shared is what OpenRouter's clients of chat completions know as well.
const shared = "cache_control"

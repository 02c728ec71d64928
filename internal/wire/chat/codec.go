package chat

import "github.com/trunkline-ai/trunkline/internal/wire/form"

// dialect is the name of the API among those that are translated.
const dialect = "chat"

// Codec reads and writes chat completions for clients and providers of other APIs. It keeps to what
// nearly every provider of this API takes: names that only OpenAI itself knows are not written.
type Codec struct{}

var _ form.Codec = Codec{}

// Name is the dialect's.
func (Codec) Name() string { return dialect }

// Markers are silent members by which a request is written back as it was read.
const (
	markContent   = "content"              // the content was a list, or null, or not there
	markArguments = inside + "arguments"   // of a call: there were none, or an object
	markFunction  = ofMessage + "function" // a call, or its result, is of the API from before tools
)

// longestID is how long the id of a call may be.
const longestID = 40

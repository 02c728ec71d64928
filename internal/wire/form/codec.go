package form

// Codec is one dialect.
type Codec interface {
	// Name is the dialect's: chat, responses, messages or gemini.
	Name() string

	// ReadRequest reads a client's request, of which wire.ReadEnvelope has found that it is JSON. The error is the caller's fault, a *scan.Error
	// worded for people. What is returned is not changed afterwards: attempts on several
	// targets write from it at the same time.
	ReadRequest(body []byte) (*Request, error)
	// WriteRequest writes a request for a target. What had to be given up is added to losses. The
	// error is a *Refused where the target cannot be told what the request is about.
	WriteRequest(r *Request, to Target, losses *Losses) ([]byte, error)

	// ReadAnswer reads a provider's whole answer, which is JSON, to a request that this codec wrote.
	ReadAnswer(body []byte, of Exchange) (*Answer, error)
	// WriteAnswer writes an answer for the client whose request this codec read.
	WriteAnswer(a *Answer, of Exchange) []byte

	// NewEventReader reads the stream of a provider's answer.
	NewEventReader(of Exchange) EventReader
	// NewEventWriter writes the stream of an answer for the client.
	NewEventWriter(of Exchange) EventWriter
}

// Target is what a writer must know of the model that a request goes to.
type Target struct {
	Model string
	// MaxOutput is how many tokens the model can answer with, from the catalogue; 0: unknown.
	MaxOutput int64
	// Origin is who would read what is opaque.
	Origin Origin
	// Adaptive says that the model takes an effort instead of a budget of tokens to think; learned
	// from what it refused.
	Adaptive bool
	// CompletionTokens says that the model takes max_completion_tokens instead of max_tokens, NoEffort that it takes no
	// reasoning_effort; both are learned as well.
	CompletionTokens, NoEffort bool
	// ShortIDs says that ids of calls are exactly nine letters and digits, as Mistral wants them; learned as well.
	ShortIDs bool
}

// Exchange is one request that was translated, and the target it went to: what its answer is read
// and written by.
type Exchange struct {
	Request *Request
	Target  Target
	// Losses take what of the answer the client cannot be told.
	Losses *Losses
	// ID and Created (Unix time in seconds) stand for those that an answer lacks.
	ID      string
	Created int64
}

// EventReader reads the events of one stream in their order.
type EventReader interface {
	// Read gives what the data of one server-sent event says. What is returned is valid until the next
	// call. Events of errors never come here. An error means that the event makes no sense where it
	// stands.
	Read(data []byte) ([]Event, error)
	// End gives what is missing when the stream ended as it may, such as without its last event.
	End() []Event
}

// EventWriter writes the events of one stream.
type EventWriter interface {
	// Write gives the server-sent events that tell of an event: none, one or several, whole, each
	// with its blank line. What is returned is valid until the next call.
	Write(e *Event) []byte
	// Place is where the next one would stand: how many were written, and the id of the answer.
	Place() (events int, id string)
}

package wire

// Stream is how the events of a stream are to be read.
type Stream struct {
	// Typed: every event says in "type" what it is. Otherwise events are chunks, which the
	// functions below read, and [DONE] is the last.
	Typed   bool
	ID      string   // where a filler tells the id of the answer; empty: nobody needs it
	Filler  []string // types that show the user nothing
	Working []string // those of them that tell that the model works on the answer
	Finish  []string // types with which the answer is whole; the stream may go on
	Reason  string   // where these, or chunks, tell why; empty: these do not, chunks where chat has it
	Last    []string // types with which the stream is over
	Failed  []string // types of failures
	Text    []string // where output text is
	Usage   []string // where usage is
	// Service is where the service tier is, if it is not inside the usage; empty: nowhere else.
	Service string
	// Whole is where the last event repeats the output; empty: anywhere in it.
	Whole  string
	Images bool // each of Finish is an image
	// Alive is what keeps a silent stream alive, whole lines; empty: a comment, which most clients skip.
	Alive string
	End   []byte // what is added to a whole answer whose last event is missing

	// Reasons recognises a filler that tells that the model reasons, which may take long; nil:
	// none does.
	Reasons func(typ string, event []byte) bool
	// Says reports whether an event other than a delta holds output; nil: all do but fillers.
	Says func(typ string, event []byte) bool
	// Output reports whether a chunk carries output of any kind, and gives its text to Keep.
	Output func(chunk []byte, i *Inspection) bool
	// UsageOnly recognises a chunk that holds nothing but the usage.
	UsageOnly func(chunk []byte) bool
	// Convert turns a plain answer into the events of a stream, for clients that asked for
	// one; nil where answers may be plain.
	Convert func(answer []byte, withUsage bool) ([][]byte, error)

	// Options: the request takes stream_options.include_usage.
	Options bool
	// Plain: some providers never stream here, so a plain answer is passed on as it is.
	Plain bool
}

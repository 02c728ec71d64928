package form

// Answer is a whole answer.
type Answer struct {
	Dialect string // that it was read from
	ID      string // empty: it has none
	Model   string // as the provider calls it
	Created int64  // Unix time in seconds; 0: not said
	Blocks  []Block
	Stop    Stop
	Usage   Usage
	// More are the answers behind the first, where several were asked for.
	More []Answer
	Tier string
	Rest Rest
}

// Stop says why an answer ended.
type Stop struct {
	Reason   Reason
	Sequence string // that ended it, where one did and it is told
	// Raw is the reason as its dialect words it, for what the form does not know.
	Raw string
}

// Reason is a kind of end.
type Reason uint8

// The reasons.
const (
	StopUnsaid   Reason = iota
	StopEnd             // the model had no more to say
	StopSequence        // it came to a stop sequence
	StopLength          // the limit of tokens was met
	StopTool            // it waits for the results of tools
	StopRefusal         // it, or a filter, would not answer
	StopPause           // a long turn that the client may go on with
	StopContext         // the context window is full
)

// Usage is what an answer took, in tokens. Input counts what came from a cache and what was written
// to one; the writers of dialects that count those beside it take them out.
type Usage struct {
	Told                       bool
	Input, Output              int64
	CacheRead, CacheWrite      int64
	CacheWrite5m, CacheWrite1h int64 // parts of CacheWrite, where they are told
	Reasoning                  int64 // part of Output
	AudioInput, AudioOutput    int64
}

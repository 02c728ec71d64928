package form

// Event is a piece of an answer. A stream is one Begin, then blocks one after another or several at a
// time - each BlockBegin, Deltas, BlockEnd - then one Stop, perhaps UsageTold, and one End. UsageTold may
// come at any time; what it tells is all that is known then.
type Event struct {
	Kind  EventKind
	Index int // of the block, from 0, each new one higher by one

	// Of Begin.
	ID, Model string
	Created   int64
	Tier      string

	// Block is what begins: its kind, of a call who is called, of thinking perhaps what is opaque. Text
	// and input come as deltas. At BlockEnd it may hold what was only known then, such as Opaque
	// or Citations; nil: nothing more.
	Block *Block

	// Text is what a delta adds: to the text of Text, Refusal and Thought, to the input of a call.
	Text string

	Stop  Stop  // of Stop
	Usage Usage // of UsageTold; of Begin what is known then, such as the input
}

// EventKind says what an event is.
type EventKind uint8

// The kinds.
const (
	Begin EventKind = iota
	BlockBegin
	Delta
	BlockEnd
	Stopped
	UsageTold
	End
	Idle // nothing but that the provider is there
)

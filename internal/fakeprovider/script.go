package fakeprovider

import "time"

// script is what one call gets. Behaviours fill it, one after another.
type script struct {
	wait       time.Duration // before the headers
	firstToken time.Duration // before the first content
	gap        time.Duration // between content events

	answer   *answer // instead of a completion
	redirect bool
	silent   bool // no answer at all, not even headers
	form     form
	length   int // added to the true Content-Length
	mime     string
	label    string // Content-Type of whatever is answered; empty: the true one
	end      ending

	text      []string // pieces of content, one event each
	escape    bool     // write one letter of each piece as \uXXXX
	echo      bool
	agent     bool
	filler    int // bytes of further content
	fillEvent int // of which each event holds so many

	noRole, noContent, noFinish, noDone bool
	trailer                             string // after [DONE]
	finish                              string // why the answer ended; empty: it is whole
	member                              string // of a delta, that holds the text instead of content

	polls int    // of a response in the background, the last of which finds it ended
	ends  string // the status with which it does; empty: completed

	errorAt   int // content events before the error event; -1: none
	errorBody string
	lifecycle bool // events without meaning before an error

	comments, crlf, noSpace, gzip, noUsage bool

	promptCache bool // usage tells of a simulated prompt cache
}

// answer is a fixed answer.
type answer struct {
	status int
	mime   string
	header map[string]string
	body   string
}

// form is what kind of body a completion has.
type form uint8

const (
	formAsked form = iota // as the request says
	formJSON
	formSSE
)

// fault is how a connection ends.
type fault uint8

const (
	faultNone  fault = iota
	faultReset       // RST
	faultClose       // FIN
	faultStall       // silence until the client leaves
)

// ending says where in the body a fault comes.
type ending struct {
	fault  fault
	events bool // at counts events, not bytes
	at     int
}

const defaultText = "Hello! This answer comes from the scripted provider."

func newScript() *script {
	return &script{text: words(defaultText), errorAt: -1, polls: 2}
}

// words splits text so that each piece but the first starts with its space, as tokens do.
func words(text string) []string {
	var pieces []string
	start := 0
	for i := 1; i < len(text); i++ {
		if text[i] == ' ' {
			pieces = append(pieces, text[start:i])
			start = i
		}
	}
	return append(pieces, text[start:])
}

// split cuts text into pieces of n runes.
func split(text string, n int) []string {
	var pieces []string
	runes := []rune(text)
	for len(runes) > n {
		pieces = append(pieces, string(runes[:n]))
		runes = runes[n:]
	}
	return append(pieces, string(runes))
}

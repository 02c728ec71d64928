package form

import "encoding/json"

// Block is a piece of what one side said. Which of the fields are set depends on Kind.
type Block struct {
	Kind   Kind
	Text   string // of Text, Refusal and Thought
	Media  *Media
	Call   *Call
	Result *Result
	// Opaque is what only its origin can read of Thought, or of a Call; nil: there is none.
	Opaque    *Opaque
	Citations []Citation // of Text
	// Foreign is a block that only its own dialect knows, whole; or how that writes another kind.
	Foreign *Member
	Rest    Rest
}

// Kind says what a block is.
type Kind uint8

// The kinds.
const (
	Text    Kind = iota
	Refusal      // the model says that it will not answer
	Thought      // what the model reasoned: Text may be a summary of it or empty
	Image
	Document // a PDF or a text file
	Audio
	ToolCall
	ToolResult
	ForeignBlock
)

// Media is an image, a document or audio. Of URL, Data and FileID one is set.
type Media struct {
	Type   string // MIME type; empty: not said
	URL    string
	Data   string // base64, without a prefix
	FileID string // a file that the provider keeps
	Name   string // of a file; empty: not said
	Title  string
	Detail string // low, high, auto: how closely to look at an image; empty: not said
	Text   string // of a document that is plain text and not encoded
}

// Call is a call of a tool.
type Call struct {
	ID        string
	Namespace string
	Name      string
	Custom    bool
	// Input is the JSON object of a function's arguments, {} where nothing was said, or the text of a
	// custom tool.
	Input string
}

// Result is what a call gave.
type Result struct {
	CallID string
	Custom bool
	Blocks []Block // texts, images and documents
	Failed bool
}

// Citation is where a text has something from. What is not known is empty.
type Citation struct {
	URL, Title, Quote string
	Start, End        int // characters of the text; both 0: not said
	Raw               json.RawMessage
}

package form

import "slices"

import "encoding/json"

// Request is what a client asks of a model.
type Request struct {
	Dialect string // that it was read from
	Model   string // as the client calls it
	Stream  bool
	// UsageAsked: the client asked for the usage of a stream, where its dialect leaves the choice.
	UsageAsked bool

	// System are instructions before the conversation, texts, where the client's dialect has a place of
	// their own for them. Elsewhere they are the first Items; see Lead.
	System []Block
	Items  []Item // the conversation, as many and in the order as the client's dialect has them

	Tools      []Tool
	Namespaces []Namespace // of Tools
	ToolChoice ToolChoice
	// Parallel says whether several tools may be called at once; nil: the client does not say.
	Parallel *bool

	MaxTokens int64 // of the answer; 0: the client does not say
	Choices   int64 // answers that are wanted; 0: the client does not say
	Sampling  Sampling
	Stop      []string // sequences
	Thinking  Thinking
	Output    Output

	User     string // who the client's user is; empty: not said
	Metadata json.RawMessage
	CacheKey string // what requests share that should meet the same prompt cache
	Tier     string // of service, as its dialect names it
	Store    *bool  // whether the provider may keep it; nil: not said
	Rest     Rest

	// Memory lends empty memory for about so many bytes; nil: it is allocated.
	Memory func(size int) []byte

	// flat and named find tools by their names; made by NameTools and not changed afterwards.
	flat  map[string]*Tool
	named map[fullName]*Tool
}

// Sampling is how tokens are chosen. Numbers are kept as they were written; empty: not said.
type Sampling struct {
	Temperature, TopP, TopK, Seed     json.Number
	PresencePenalty, FrequencyPenalty json.Number
	Logprobs                          bool
	TopLogprobs                       json.Number
}

// Thinking is how much the model is to reason. Of Effort and Budget one at most is set.
type Thinking struct {
	Mode ThinkingMode
	// Effort is none, minimal, low, medium, high, xhigh or max; empty: not said.
	Effort string
	Budget int64 // tokens; 0: not said
	// Summary says how what was thought is to be told: auto, concise, detailed; none: not at all;
	// empty: not said.
	Summary string
}

// ThinkingMode says whether the model is to reason.
type ThinkingMode uint8

// The modes.
const (
	ThinkingUnsaid   ThinkingMode = iota
	ThinkingOff                   // it is not to
	ThinkingOn                    // it is to, within Budget or by Effort
	ThinkingAdaptive              // it decides, by Effort where that is set
)

// Output is what the text of the answer has to be.
type Output struct {
	Format      Format
	Name        string // of the schema; empty: it has none
	Description string
	Schema      json.RawMessage
	Strict      *bool  // nil: not said
	Verbosity   string // low, medium, high; empty: not said
}

// Format is what the text of an answer is.
type Format uint8

// The formats.
const (
	FormatUnsaid Format = iota
	FormatText
	FormatJSON   // any JSON object
	FormatSchema // JSON by a schema
)

// Role says whose an item is.
type Role uint8

// The roles.
const (
	User Role = iota
	Assistant
	System // instructions amid the conversation
	Developer
)

// Item is one part of the conversation: what one side said at once.
type Item struct {
	Role   Role
	Name   string // of who speaks; empty: not said
	Blocks []Block
	Rest   Rest
}

// Sealed reports whether a part of the request only its origin can read.
func (r *Request) Sealed() bool {
	return slices.ContainsFunc(r.Items, func(i Item) bool {
		return slices.ContainsFunc(i.Blocks, func(b Block) bool { return b.Opaque != nil })
	})
}

// Lead parts the instructions before the conversation from the conversation, wherever the client's dialect
// has them.
func (r *Request) Lead() (instructions []Block, conversation []Item) {
	instructions, conversation = r.System, r.Items
	for len(conversation) > 0 && (conversation[0].Role == System || conversation[0].Role == Developer) {
		instructions = append(instructions[:len(instructions):len(instructions)], conversation[0].Blocks...)
		conversation = conversation[1:]
	}
	return instructions, conversation
}

// Tool is what a model may call.
type Tool struct {
	Kind        ToolKind
	Namespace   string // empty: none
	Name        string
	Flat        string // one name that every dialect takes, see NameTools
	Description string
	Schema      json.RawMessage // of a function's input; empty: it has none
	Strict      *bool           // nil: not said
	// Grammar is what the input of a custom tool must follow; nil: any text will do.
	Grammar *Grammar
	// Raw is a tool that only its own dialect knows, whole. Where it can be called as a function, Kind
	// says so.
	Raw   json.RawMessage
	Class Class // of a ForeignTool
	// Found: it was told amid the conversation, as a search for tools found it.
	Found bool
	Rest  Rest
}

// Grammar is a formal language.
type Grammar struct {
	Syntax     string // lark or regex
	Definition string
}

// Namespace is what several tools have in common.
type Namespace struct {
	Name, Description string
	Rest              Rest
}

// ToolKind says how a tool is called.
type ToolKind uint8

// The kinds.
const (
	Function    ToolKind = iota // with JSON by a schema
	Custom                      // with text
	ForeignTool                 // that only its own dialect knows, such as one the provider runs itself
)

// ToolChoice says which tools the model has to call.
type ToolChoice struct {
	Mode ChoiceMode
	// Namespace and Name are of the one tool of ChooseOne; Allowed are the flat names of those of
	// ChooseAuto and ChooseAny; empty: all.
	Namespace, Name string
	Allowed         []string
	// Raw is a choice that only its own dialect knows, or Allowed as that writes it.
	Raw json.RawMessage
}

// ChoiceMode is a kind of choice.
type ChoiceMode uint8

// The modes.
const (
	ChooseUnsaid ChoiceMode = iota
	ChooseAuto              // none or any
	ChooseNone
	ChooseAny // at least one
	ChooseOne
	ChooseForeign // Raw
)

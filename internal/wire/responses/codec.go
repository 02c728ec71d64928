package responses

import (
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// name is the dialect's, and the kind of what is opaque in it.
const name = "responses"

// Codec translates the Responses API.
type Codec struct{}

func (Codec) Name() string { return name }

// Types of items and of their parts.
const (
	typeMessage      = "message"
	typeReasoning    = "reasoning"
	typeFunctionCall = "function_call"
	typeFunctionOut  = "function_call_output"
	typeCustomCall   = "custom_tool_call"
	typeCustomOut    = "custom_tool_call_output"
	typeSearchCall   = "tool_search_call"
	typeSearchOut    = "tool_search_output"
	typeInputText    = "input_text"
	typeOutputText   = "output_text"
	typeRefusal      = "refusal"
	typeSummary      = "summary_text"
)

// searchTool is a tool that finds others. Where the client runs it, it is a function to other APIs, and what it
// found is offered to them.
const searchTool = "tool_search"

// foreignItems are items that an answer can do without; a conversation with any other that is not
// known cannot be told another API, since what was said is in it.
var foreignItems = map[string]form.Class{
	"web_search_call":    form.Lossy,
	"file_search_call":   form.Lossy,
	"mcp_list_tools":     form.Silent,
	"compaction_trigger": form.Lossy,
}

// foreignTools are tools that a model can do without: coding agents offer some of them with every
// request. Any other that is no function was offered to be used.
var foreignTools = map[string]form.Class{
	"web_search":                    form.Lossy,
	"web_search_2025_08_26":         form.Lossy,
	"web_search_preview":            form.Lossy,
	"web_search_preview_2025_03_11": form.Lossy,
	"tool_search":                   form.Lossy, // the tools it would find are offered from the start
	"programmatic_tool_calling":     form.Lossy, // another way to call the same tools
}

// classOf is the class of something that only this API knows.
func classOf(typ string, known map[string]form.Class) form.Class {
	if class, ok := known[typ]; ok {
		return class
	}
	return form.Must
}

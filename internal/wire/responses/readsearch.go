package responses

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// found is what a search for tools gave.
type found struct {
	tools  gjson.Result
	result *form.Result
}

// search reads a search for tools that the client runs, or what it found.
func (r *reader) search(v gjson.Result, typ string) form.Item {
	id := r.Text("input.call_id", expect.Get(v, "call_id"))
	if id == "" {
		r.Blame("input.call_id", "a search for tools must have a call_id")
	}
	own := &form.Member{Name: typ, Raw: raw(v), Class: form.Silent}
	if typ == typeSearchCall {
		input := cmp.Or(expect.Get(v, "arguments").Raw, "{}")
		if !expect.Get(v, "arguments").IsObject() {
			input = form.WrapInput(expect.Get(v, "arguments").String())
		}
		return form.Item{Role: form.Assistant, Blocks: []form.Block{{Kind: form.ToolCall, Foreign: own, Call: &form.Call{ID: id, Name: searchTool, Input: input}}}}
	}
	result := &form.Result{CallID: id}
	r.found = append(r.found, found{expect.Get(v, "tools"), result})
	return form.Item{Blocks: []form.Block{{Kind: form.ToolResult, Foreign: own, Result: result}}}
}

// offer adds the tools that searches found to those of a request.
func (r *reader) offer(q *form.Request) {
	r.searching = true
	for _, f := range r.found {
		r.Each("input.tools", f.tools, func(tool gjson.Result) { r.tool(q, tool, "") })
	}
}

// tell says in other words what searches found. Tools have their names by now.
func (r *reader) tell(q *form.Request) {
	for _, f := range r.found {
		var b strings.Builder
		b.WriteString("These tools can be called now:")
		name := func(namespace string, tool gjson.Result) {
			b.WriteString("\n" + q.FlatOf(namespace, expect.Get(tool, "name").Str))
		}
		expect.ForEach(f.tools, func(_ string, tool gjson.Result) bool {
			if expect.Get(tool, "type").Str != "namespace" {
				name("", tool)
				return true
			}
			expect.ForEach(expect.Get(tool, "tools"), func(_ string, inner gjson.Result) bool {
				name(expect.Get(tool, "name").Str, inner)
				return true
			})
			return true
		})
		f.result.Blocks = []form.Block{{Text: b.String()}}
	}
}

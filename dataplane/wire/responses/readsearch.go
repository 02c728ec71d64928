package responses

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire/form"
)

// found is what a search for tools gave.
type found struct {
	tools  gjson.Result
	result *form.Result
}

// search reads a search for tools that the client runs, or what it found.
func (r *reader) search(v gjson.Result, typ string) form.Item {
	id := r.Text("input.call_id", v.Get("call_id"))
	if id == "" {
		r.Blame("input.call_id", "a search for tools must have a call_id")
	}
	own := &form.Member{Name: typ, Raw: raw(v), Class: form.Silent}
	if typ == typeSearchCall {
		input := cmp.Or(v.Get("arguments").Raw, "{}")
		if !v.Get("arguments").IsObject() {
			input = form.WrapInput(v.Get("arguments").String())
		}
		return form.Item{Role: form.Assistant, Blocks: []form.Block{{Kind: form.ToolCall, Foreign: own, Call: &form.Call{ID: id, Name: searchTool, Input: input}}}}
	}
	result := &form.Result{CallID: id}
	r.found = append(r.found, found{v.Get("tools"), result})
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
			b.WriteString("\n" + q.FlatOf(namespace, tool.Get("name").Str))
		}
		f.tools.ForEach(func(_, tool gjson.Result) bool {
			if tool.Get("type").Str != "namespace" {
				name("", tool)
				return true
			}
			tool.Get("tools").ForEach(func(_, inner gjson.Result) bool {
				name(tool.Get("name").Str, inner)
				return true
			})
			return true
		})
		f.result.Blocks = []form.Block{{Text: b.String()}}
	}
}

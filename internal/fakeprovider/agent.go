package fakeprovider

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// call is a tool and what it is called with.
type call struct {
	tool      string
	arguments string
}

// task is what an agent asks for: in what the user says stand the calls that are to be made, each as
// [[NAME {ARGUMENTS}]], one a turn. Results of tools tell which turn it is.
type task struct {
	calls   []call
	results int // of tools, in the conversation so far
}

// taskOf reads the task of a request in any dialect.
func taskOf(doc gjson.Result) (t task) {
	read := func(item gjson.Result) {
		switch role := item.Get("role").Str; {
		case role == "tool", strings.HasSuffix(item.Get("type").Str, "_call_output"):
			t.results++
		case role == "user":
			content := item.Get("content")
			if !content.IsArray() {
				t.add(content.Str)
				return
			}
			content.ForEach(func(_, part gjson.Result) bool {
				if part.Get("type").Str == "tool_result" {
					t.results++
				} else {
					t.add(part.Get("text").Str)
				}
				return true
			})
		}
	}
	doc.Get("contents").ForEach(func(_, content gjson.Result) bool {
		content.Get("parts").ForEach(func(_, part gjson.Result) bool {
			switch {
			case part.Get("functionResponse").Exists():
				t.results++
			case content.Get("role").Str != "model":
				t.add(part.Get("text").Str)
			}
			return true
		})
		return true
	})
	for _, list := range [...]string{"messages", "input"} {
		if items := doc.Get(list); items.IsArray() {
			items.ForEach(func(_, item gjson.Result) bool {
				read(item)
				return true
			})
		}
	}
	return t
}

// add takes the calls out of a text.
func (t *task) add(text string) {
	for {
		_, rest, found := strings.Cut(text, "[[")
		if !found {
			return
		}
		text = rest
		name, arguments, found := strings.Cut(rest, " ")
		if !found {
			return
		}
		var raw json.RawMessage
		if json.NewDecoder(strings.NewReader(arguments)).Decode(&raw) == nil {
			t.calls = append(t.calls, call{name, string(raw)})
		}
	}
}

// turn sets what an agent gets now: a word and a call, or a word alone.
func (a *author) turn() {
	t := a.req.task
	a.req.tool = ""
	if t.results >= len(t.calls) || !a.req.offers[t.calls[t.results].tool] {
		a.script.text = words(fmt.Sprintf("All %d steps are done.", t.results))
		return
	}
	next := t.calls[t.results]
	a.lead = fmt.Sprintf("Step %d: %s.", t.results+1, next.tool)
	a.req.tool, a.arguments = next.tool, next.arguments
}

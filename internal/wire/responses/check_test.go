package responses

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// checkStream holds a stream against what the API promises, and gives the response that it ends with.
func checkStream(t *testing.T, stream string) gjson.Result {
	t.Helper()
	c := checker{t: t, items: map[string]*checked{}}
	events := strings.SplitAfter(stream, "\n\n")
	if events[len(events)-1] != "" {
		t.Fatalf("the last event is not whole: %q", events[len(events)-1])
	}
	for n, event := range events[:len(events)-1] {
		e := dataOf(t, []byte(event))
		typ := e.Get("type").Str
		if !strings.HasPrefix(event, "event: "+typ+"\ndata: ") || e.Get("sequence_number").Int() != int64(n) {
			t.Fatalf("event %d is %s", n, event)
		}
		if first := []string{"response.created", "response.in_progress"}; n < 2 && typ != first[n] || c.response.Exists() {
			t.Fatalf("event %d is %s", n, typ)
		}
		c.see(strings.TrimPrefix(typ, "response."), e)
	}
	if !c.response.Exists() {
		t.Fatalf("no end: %s", stream)
	}
	return c.response
}

type checker struct {
	t        *testing.T
	id       string
	items    map[string]*checked
	order    []*checked
	response gjson.Result
}

type checked struct {
	typ   string
	texts map[string]string // by what their deltas are called
	parts map[string]string // that are done
	done  string
}

func (c *checker) see(typ string, e gjson.Result) {
	c.t.Helper()
	fail := func(why string) { c.t.Helper(); c.t.Fatalf("%s: %s", why, e.Raw) }
	id := e.Get("item_id").Str + e.Get("item.id").Str
	item := c.items[id]
	switch typ {
	case "created", "in_progress":
		if r := e.Get("response"); r.Get("status").Str != "in_progress" || r.Get("output").Raw != "[]" || r.Get("id").Str == "" || c.id != "" && c.id != r.Get("id").Str || r.Get("tools").Type != gjson.JSON {
			fail("a response begins otherwise")
		}
		c.id = e.Get("response.id").Str
		return
	case "completed", "incomplete":
		c.response = e.Get("response")
		c.end(typ, fail)
		return
	case "output_item.added":
		if item != nil || id == "" || e.Get("output_index").Int() != int64(len(c.order)) {
			fail("an item begins twice or at another place")
		}
		item = &checked{typ: e.Get("item.type").Str, texts: map[string]string{}, parts: map[string]string{}}
		c.items[id] = item
		c.order = append(c.order, item)
		return
	}
	if item == nil || item.done != "" || c.order[e.Get("output_index").Int()] != item {
		fail("an item that is not under way")
	}
	if typ == "output_item.done" {
		item.done = e.Get("item").Raw
		c.itemDone(item, e.Get("item"), fail)
		return
	}
	what, step, _ := cut(typ)
	at := what + e.Get("content_index").Raw + e.Get("summary_index").Raw
	switch step {
	case "added":
		if _, twice := item.parts[at]; twice && what != "output_text.annotation" {
			fail("a part begins twice")
		}
		item.parts[at] = ""
	case "delta":
		if e.Get("delta").Str == "" {
			fail("an empty delta")
		}
		item.texts[at] += e.Get("delta").Str
	case "done":
		switch what {
		case "content_part", "reasoning_summary_part":
			if item.parts[at] != "" {
				fail("a part ends twice")
			}
			item.parts[at] = e.Get("part").Raw
		default:
			if got := e.Get("text").Str + e.Get("refusal").Str + e.Get("arguments").Str + e.Get("input").Str; got != item.texts[at] {
				fail("the text " + strconv.Quote(got) + " is not that of its deltas, " + strconv.Quote(item.texts[at]))
			}
		}
	}
}

func cut(typ string) (what, step string, ok bool) {
	at := strings.LastIndexByte(typ, '.')
	if at < 0 {
		return typ, "", false
	}
	return typ[:at], typ[at+1:], true
}

// itemDone checks that an item holds what its events told.
func (c *checker) itemDone(item *checked, doc gjson.Result, fail func(string)) {
	c.t.Helper()
	for at, part := range item.parts {
		if part == "" && !strings.HasPrefix(at, "output_text.annotation") {
			fail("part " + at + " has not ended")
		}
	}
	switch item.typ {
	case typeMessage:
		for n, part := range doc.Get("content").Array() {
			if item.parts["content_part"+strconv.Itoa(n)] != part.Raw {
				fail("a part differs")
			}
		}
	case typeReasoning:
		if got := doc.Get("summary.0.text").Str; got != item.texts["reasoning_summary_text0"] {
			fail("the summary differs")
		}
	case typeFunctionCall:
		if got := doc.Get("arguments").Str; got == "" || got != item.texts["function_call_arguments"] || doc.Get("call_id").Str == "" {
			fail("the arguments differ")
		}
	case typeCustomCall:
		if got := doc.Get("input").Str; got != item.texts["custom_tool_call_input"] || doc.Get("call_id").Str == "" {
			fail("the input differs")
		}
	}
}

// end checks the whole response.
func (c *checker) end(typ string, fail func(string)) {
	c.t.Helper()
	output := c.response.Get("output").Array()
	if c.response.Get("status").Str != typ || c.response.Get("id").Str != c.id || len(output) != len(c.order) {
		fail("another response ends")
	}
	for n, item := range output {
		if item.Raw != c.order[n].done {
			fail("item " + strconv.Itoa(n) + " differs from " + c.order[n].done)
		}
	}
}

func dataOf(t *testing.T, event []byte) gjson.Result {
	t.Helper()
	_, data, ok := strings.Cut(string(event), "data: ")
	data = strings.TrimSuffix(data, "\n\n")
	if !ok || !gjson.Valid(data) || strings.Contains(data, "\n") {
		t.Fatalf("no event with one line of JSON: %q", event)
	}
	return gjson.Parse(data)
}

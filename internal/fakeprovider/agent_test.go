package fakeprovider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// An agent says a word and calls a tool, gets the result, and so on until all is done: then it only says so.
func TestAgent(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	const prompt = `Do [[Bash {"command":"ls"}]] then [[Edit {"file":"a]]"}]].`
	for _, c := range []struct{ path, tools, first, second, last, text, name, arguments, stream string }{
		{
			"/v1/chat/completions", `[{"type":"function","function":{"name":"Bash"}},{"type":"function","function":{"name":"Edit"}}]`,
			`"messages":[{"role":"user","content":` + string(marshal(prompt)) + `}]`,
			`"messages":[{"role":"user","content":` + string(marshal(prompt)) + `},{"role":"assistant"},{"role":"tool","content":"x"}]`,
			`"messages":[{"role":"user","content":` + string(marshal(prompt)) + `},{"role":"tool","content":"x"},{"role":"tool","content":"y"}]`,
			"choices.0.message.content", "choices.0.message.tool_calls.0.function.name", "choices.0.message.tool_calls.0.function.arguments", `"content":"Step 1: Bash."`,
		},
		{
			"/v1/messages", `[{"name":"Bash"},{"name":"Edit"}]`,
			`"messages":[{"role":"user","content":[{"type":"text","text":` + string(marshal(prompt)) + `}]}]`,
			`"messages":[{"role":"user","content":` + string(marshal(prompt)) + `},{"role":"user","content":[{"type":"tool_result"}]}]`,
			`"messages":[{"role":"user","content":` + string(marshal(prompt)) + `},{"role":"user","content":[{"type":"tool_result"},{"type":"tool_result"}]}]`,
			"content.0.text", "content.1.name", "content.1.input", `"text":"Step 1: Bash."`,
		},
		{
			"/v1/responses", `[{"type":"function","name":"Bash"},{"type":"function","name":"Edit"}]`,
			`"input":[{"role":"user","content":[{"type":"input_text","text":` + string(marshal(prompt)) + `}]}]`,
			`"input":[{"role":"user","content":` + string(marshal(prompt)) + `},{"type":"function_call_output"}]`,
			`"input":[{"role":"user","content":` + string(marshal(prompt)) + `},{"type":"function_call_output"},{"type":"custom_tool_call_output"}]`,
			"output.0.content.0.text", "output.1.name", "output.1.arguments", `"delta":"Step 1: Bash."`,
		},
	} {
		ask := func(items, more string) string {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(`{"model":"agent","tools":`+c.tools+`,`+items+more+`}`)))
			return w.Body.String()
		}
		first := ask(c.first, "")
		if gjson.Get(first, c.text).Str != "Step 1: Bash." || gjson.Get(first, c.name).Str != "Bash" || gjson.Parse(gjson.Get(first, c.arguments).String()).Get("command").Str != "ls" {
			t.Errorf("%s: first %s", c.path, first)
		}
		if second := ask(c.second, ""); gjson.Get(second, c.name).Str != "Edit" || gjson.Parse(gjson.Get(second, c.arguments).String()).Get("file").Str != "a]]" {
			t.Errorf("%s: second %s", c.path, second)
		}
		if last := ask(c.last, ""); gjson.Get(last, c.text).Str != "All 2 steps are done." || gjson.Get(last, c.name).Exists() {
			t.Errorf("%s: last %s", c.path, last)
		}
		if stream := ask(c.first, `,"stream":true`); !strings.Contains(stream, c.stream) || !strings.Contains(stream, `"Bash"`) {
			t.Errorf("%s: stream %s", c.path, stream)
		}
	}
}

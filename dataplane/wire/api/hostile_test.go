package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// The arguments of a call are JSON inside a string, which can nest as deep as a body is long.
func TestArgumentsThatNestWithoutEnd(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 8<<20)
	for _, client := range everyCodec() {
		bodies := map[string]string{
			"chat":      `{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"` + deep + `"}}]},{"role":"tool","tool_call_id":"c","content":"b"}]}`,
			"responses": `{"model":"m","input":[{"type":"message","role":"user","content":"a"},{"type":"function_call","call_id":"c","name":"f","arguments":"` + deep + `"},{"type":"function_call_output","call_id":"c","output":"b"}]}`,
		}
		if bodies[client.Name()] == "" {
			continue
		}
		r, err := client.ReadRequest([]byte(bodies[client.Name()]))
		if err != nil {
			t.Fatal(err)
		}
		for _, provider := range everyCodec() {
			var losses form.Losses
			got, err := provider.WriteRequest(r, target(provider), &losses)
			if err != nil || !json.Valid(got) {
				t.Errorf("%s to %s: %v", client.Name(), provider.Name(), err)
			}
		}
	}
	for _, client := range everyCodec() {
		of, _ := exchange(t, client, everyCodec()[0])
		a := &form.Answer{Dialect: "other", ID: "a", Model: "m", Blocks: []form.Block{{Kind: form.ToolCall, Call: &form.Call{ID: "c", Name: "now", Input: deep}}}}
		if got := client.WriteAnswer(a, of); !json.Valid(got) {
			t.Errorf("%s writes no JSON", client.Name())
		}
	}
	if got := form.UnwrapInput(`{"other":` + deep); len(got) < len(deep) {
		t.Errorf("%d bytes of a text are left", len(got))
	}
}

// What a client carries of a provider's can be anything, and says no more than what it stands for.
func TestWhatIsCarriedStaysInItsPlace(t *testing.T) {
	t.Parallel()
	const other = `{"type":"text","text":"a"}` // as what stands beside a call can be
	for _, raw := range []string{
		`[]}],"model":"expensive","x":[{"y":[]`, `{"type":"thinking"}]}],"model":"expensive","x":[{"y":[{}`, `{}}]}],"model":"expensive","x":[{"y":[{"z":{}`,
		`[`, `{`, ``, `"a"`, `[] []`, other, strings.Repeat("[", 300) + strings.Repeat("]", 300),
	} {
		for _, provider := range everyCodec() {
			o := form.Opaque{Origin: target(provider).Origin, Kind: provider.Name(), Raw: raw}
			carried := o.Carry()
			for _, client := range everyCodec() {
				body := map[string]string{
					"responses": fmt.Sprintf(`{"model":"m","input":[{"type":"message","role":"user","content":"a"},{"type":"reasoning","summary":[],"encrypted_content":%q},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"b"}]}`, carried),
					"messages":  fmt.Sprintf(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":%q},{"type":"text","text":"b"}]},{"role":"user","content":"c"}]}`, carried),
					"chat":      fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_details":[{"type":"reasoning.encrypted","data":%q}]},{"role":"user","content":"c"}]}`, carried),
				}[client.Name()]
				if body == "" {
					continue
				}
				r, err := client.ReadRequest([]byte(body))
				if err != nil {
					t.Fatal(err)
				}
				var losses form.Losses
				got, err := provider.WriteRequest(r, target(provider), &losses)
				if err != nil || !json.Valid(got) || gjson.GetBytes(got, "model").Str == "expensive" || strings.Count(string(got), `"model"`) > 1 {
					t.Errorf("%s to %s, %.40q: %v, %s", client.Name(), provider.Name(), raw, err, got)
				}
				if sealed := provider.Name() == "chat" || provider.Name() == "messages"; sealed && client.Name() != provider.Name() && losses.Dropped == nil && raw != other {
					t.Errorf("%s to %s, %.40q: nothing is noted", client.Name(), provider.Name(), raw)
				}
			}
		}
	}
}

// Clients of the Responses API carry a call's signature before the call, and it goes back beside it.
func TestTheSignatureOfACallGoesBackBesideIt(t *testing.T) {
	t.Parallel()
	all := everyCodec()
	at := func(name string) form.Codec {
		return all[slices.IndexFunc(all, func(c form.Codec) bool { return c.Name() == name })]
	}
	client, provider := at("responses"), at("chat")
	of, _ := exchange(t, client, provider)
	answer, err := provider.ReadAnswer([]byte(`{"id":"a","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","extra_content":{"google":{"thought_signature":"sig"}},"function":{"name":"now","arguments":"{}"}}]}}]}`), of)
	if err != nil {
		t.Fatal(err)
	}
	whole := gjson.GetBytes(client.WriteAnswer(answer, of), "output")

	of, losses := exchange(t, client, provider)
	in, out := provider.NewEventReader(of), client.NewEventWriter(of)
	events, err := in.Read([]byte(`{"id":"a","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","delta":{"role":"assistant","tool_calls":[{"index":0,"id":"c","type":"function","extra_content":{"google":{"thought_signature":"sig"}},"function":{"name":"now","arguments":"{}"}}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var stream strings.Builder
	for _, e := range append(slices.Clone(events), in.End()...) {
		stream.Write(out.Write(&e))
	}
	last := stream.String()[strings.LastIndex(stream.String(), "data: ")+len("data: "):]
	for name, output := range map[string]gjson.Result{"whole": whole, "stream": gjson.Get(last, "response.output")} {
		r, err := client.ReadRequest([]byte(`{"model":"m","input":` + strings.TrimSuffix(output.Raw, "]") + `,{"type":"function_call_output","call_id":"c","output":"b"}]}`))
		if err != nil {
			t.Fatal(name, err)
		}
		var lost form.Losses
		got, err := provider.WriteRequest(r, target(provider), &lost)
		if err != nil || gjson.GetBytes(got, "messages.0.tool_calls.0.extra_content.google.thought_signature").Str != "sig" || lost.Dropped != nil || losses.Dropped != nil {
			t.Errorf("%s: %v, %+v, %s", name, err, lost, got)
		}
	}
}

func TestManyToolsOfOneName(t *testing.T) {
	t.Parallel()
	tools := make([]form.Tool, form.MaxTools)
	for i := range tools {
		tools[i].Name = "same"
	}
	r := form.Request{Tools: tools}
	began := time.Now()
	r.NameTools()
	if took := time.Since(began); took > time.Second { // it took some seconds when each was held against all others
		t.Errorf("naming took %s", took)
	}
	if r.Tools[1].Flat != "same__2" || r.Tools[form.MaxTools-1].Flat != "same__10000" || r.ByFlat("same__77") != &r.Tools[76] || r.Find("", "same") != &r.Tools[0] {
		t.Errorf("names %q, %q", r.Tools[1].Flat, r.Tools[form.MaxTools-1].Flat)
	}
	for _, c := range everyCodec() {
		tool := map[string]string{
			"chat": `{"type":"function","function":{"name":"f"}}`, "messages": `{"name":"f","input_schema":{}}`, "responses": `{"type":"function","name":"f"}`,
			"gemini": `{"functionDeclarations":[{"name":"f"}]}`,
		}[c.Name()]
		_, err := c.ReadRequest([]byte(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}],"input":"a","contents":[{"parts":[{"text":"a"}]}],"tools":[` + strings.Repeat(tool+",", form.MaxTools) + tool + `]}`))
		if err == nil || err.Error() != form.TooManyTools {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
}

package gemini

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func exchange() form.Exchange {
	q := &form.Request{Dialect: "chat", Tools: []form.Tool{{Name: "f"}, {Kind: form.Custom, Name: "patch"}}}
	q.NameTools()
	return form.Exchange{Request: q, Target: form.Target{Model: "m", Origin: "a1"}, Losses: &form.Losses{}, ID: "gen1"}
}

func TestWhatARequestSays(t *testing.T) {
	t.Parallel()
	carried := base64.StdEncoding.EncodeToString([]byte((&form.Opaque{Origin: "o", Kind: "messages", Raw: "sig"}).Carry()))
	q, err := Codec{}.ReadRequest([]byte(`{"system_instruction":{"parts":[{"text":"s"}]},"contents":[
		{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"` + carried + `"},{"functionCall":{"name":"f"}},{"function_call":{"name":"f","args":{"a":1}}}]},
		{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"no"}}},{"functionResponse":{"name":"f","response":{"a":1,"b":2}}},{"inline_data":{"mime_type":"audio/wav","data":"UklG"}}]}],
		"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"},"responseModalities":["TEXT"],"speechConfig":{}},"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	said, told := q.Items[0].Blocks, q.Items[1].Blocks
	if q.System[0].Text != "s" || said[0].Kind != form.Thought || said[0].Opaque.Kind != "messages" || said[0].Opaque.Raw != "sig" || said[1].Call.Input != "{}" {
		t.Errorf("%+v", said)
	}
	if a, b := said[1].Call.ID, said[2].Call.ID; a == b || told[0].Result.CallID != a || told[1].Result.CallID != b || !told[0].Result.Failed || told[0].Result.Blocks[0].Text != "no" || told[1].Result.Blocks[0].Text != `{"a":1,"b":2}` {
		t.Errorf("calls %s, %s, results %+v, %+v", a, b, told[0].Result, told[1].Result)
	}
	if told[2].Kind != form.Audio || q.Thinking.Effort != "high" || q.ToolChoice.Mode != form.ChooseNone {
		t.Errorf("%+v, %+v", told[2], q)
	}
	var l form.Losses
	if err := l.Foreign(q); err != nil || strings.Join(l.Dropped, " ") != "generationConfig.speechConfig" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestBadRequestsAreBlamed(t *testing.T) {
	t.Parallel()
	for body, param := range map[string]string{
		`[]`: "", `{}`: "contents", `{"contents":7}`: "contents", `{"contents":[{"role":"robot","parts":[]}]}`: "contents.role",
		`{"contents":[],"generationConfig":7}`: "generationConfig", `{"contents":[],"generationConfig":{"temperature":"x"}}`: "generationConfig.temperature",
		`{"contents":[],"tools":[{"functionDeclarations":[{}]}]}`: "tools.functionDeclarations.name", `{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":"X"}}}`: "toolConfig.functionCallingConfig.mode",
	} {
		_, err := Codec{}.ReadRequest([]byte(body))
		var blamed *scan.Error
		if !errors.As(err, &blamed) || blamed.Param != param {
			t.Errorf("%s: %#v, want %q", body, err, param)
		}
	}
}

// Signatures go back to the account that made them, on the very call; other calls get the word that stands for one.
func TestSignaturesOfCalls(t *testing.T) {
	t.Parallel()
	call := func(id string, o *form.Opaque) form.Block {
		return form.Block{Kind: form.ToolCall, Opaque: o, Call: &form.Call{ID: id, Name: "f", Input: "{}"}}
	}
	own := &form.Opaque{Origin: "a1", Kind: name, Raw: "own"}
	for _, c := range []struct {
		blocks []form.Block
		want   string
	}{
		{[]form.Block{call("1", own), call("2", nil)}, `["own"]`},
		{[]form.Block{call("1", nil), call("2", nil)}, `["` + SkipSignature + `"]`},
		{[]form.Block{call("1", &form.Opaque{Origin: "b", Kind: name, Raw: "x"})}, `["` + SkipSignature + `"]`},
		{[]form.Block{{Kind: form.Thought, Opaque: own}, call("1", nil)}, `["own"]`}, // as the Responses API carries it
		{[]form.Block{{Kind: form.Thought, Text: "hm", Opaque: own}, call("1", nil)}, `["own","` + SkipSignature + `"]`},
	} {
		q := exchange().Request
		q.Items = []form.Item{{Role: form.Assistant, Blocks: c.blocks}}
		var l form.Losses
		got, err := Codec{}.WriteRequest(q, form.Target{Origin: "a1"}, &l)
		if signed := gjson.GetBytes(got, "contents.0.parts.#.thoughtSignature").Raw; err != nil || signed != c.want {
			t.Errorf("%v, want %s: %s", err, c.want, got)
		}
	}
}

func TestHowMuchIsThought(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		thinking form.Thinking
		adaptive bool
		want     string
	}{
		{form.Thinking{}, false, ""}, {form.Thinking{Mode: form.ThinkingOff}, false, ""},
		{form.Thinking{Mode: form.ThinkingOn, Budget: 2000}, false, `{"includeThoughts":true,"thinkingBudget":2000}`},
		{form.Thinking{Mode: form.ThinkingOn, Effort: "max", Summary: "none"}, false, `{"thinkingBudget":24576}`},
		{form.Thinking{Mode: form.ThinkingOn, Effort: "max"}, true, `{"includeThoughts":true,"thinkingLevel":"high"}`},
		{form.Thinking{Mode: form.ThinkingAdaptive}, false, `{"includeThoughts":true}`},
	} {
		q := exchange().Request
		q.Thinking = c.thinking
		got, err := Codec{}.WriteRequest(q, form.Target{Adaptive: c.adaptive}, &form.Losses{})
		if said := gjson.GetBytes(got, "generationConfig.thinkingConfig").Raw; err != nil || said != c.want {
			t.Errorf("%+v: %s, %v", c.thinking, said, err)
		}
	}
}

// Whatever a provider streams, its events keep their order, and whatever a client sends is read or blamed.
func FuzzReaders(f *testing.F) {
	f.Add(`{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"text":"b"},{"functionCall":{"name":"patch","args":{"input":"x"}},"thoughtSignature":"s"}]},"finishReason":"STOP"}]}`)
	f.Add(`{"contents":[{"parts":[{"functionResponse":{"name":"f","response":7}},{"fileData":{}}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		of := exchange()
		r, w := Codec{}.NewEventReader(of), Codec{}.NewEventWriter(of)
		events, err := r.Read([]byte(doc))
		if err == nil {
			events = append(append([]form.Event{}, events...), r.End()...)
			next := 0
			for i := range events {
				if e := &events[i]; e.Kind == form.BlockBegin {
					if e.Index != next {
						t.Fatalf("block %d after %d", e.Index, next)
					}
					next++
				}
				for event := range strings.SplitSeq(string(w.Write(&events[i])), "\n\n") {
					if event != "" && !json.Valid([]byte(strings.TrimPrefix(event, "data: "))) {
						t.Fatalf("%q", event)
					}
				}
			}
		}
		q, err := Codec{}.ReadRequest([]byte(doc))
		if err != nil || !json.Valid([]byte(doc)) {
			return
		}
		if got, err := (Codec{}).WriteRequest(q, form.Target{}, &form.Losses{}); err != nil || !json.Valid(got) {
			t.Fatalf("%v: %s", err, got)
		}
		q.Dialect = "other"
		if got, err := (Codec{}).WriteRequest(q, form.Target{}, &form.Losses{}); err == nil && !json.Valid(got) {
			t.Fatalf("%s", got)
		}
	})
}

package proxy

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// convert gives a client that asked for a stream the plain completion that came instead:
// one chunk with the whole answer, the usage if it asked for it, then [DONE]. object is
// what such chunks call themselves; APIs whose streams have no chunks cannot be converted.
func (a *attempt) convert(resp *http.Response, body []byte, object string) (dataplane.Verdict, bool) {
	if object == "" {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a plain answer came although a stream was asked for"}, false
	}
	out := &a.call.out
	out.begin(func() { a.accept(resp.Header) })
	a.record.FirstToken = a.record.FirstFrame
	chunks, err := asChunks(body, object, a.call.envelope.usageAsked)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	events := [][]byte{}
	for _, chunk := range chunks {
		events = append(events, asEvent(chunk))
	}
	for _, event := range append(events, doneEvent) {
		if v, failed := a.pass(event); failed {
			out.discard()
			return v, false
		}
	}
	out.commit()
	if err := out.flush(); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}

// asChunks turns a chat completion into chunks. Parts keep the upstream's own bytes; only
// message becomes delta, and tool calls get the index that deltas have.
func asChunks(body []byte, object string, withUsage bool) ([][]byte, error) {
	completion := gjson.ParseBytes(body)
	head := map[string]json.RawMessage{"object": json.RawMessage(strconv.Quote(object))}
	for _, key := range []string{"id", "created", "model", "system_fingerprint", "service_tier"} {
		if v := completion.Get(key); v.Exists() {
			head[key] = json.RawMessage(v.Raw)
		}
	}
	var choices []map[string]json.RawMessage
	completion.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		c := map[string]json.RawMessage{"finish_reason": json.RawMessage("null"), "index": json.RawMessage("0")}
		choice.ForEach(func(key, value gjson.Result) bool {
			if key.Str == "message" {
				c["delta"] = delta(value)
			} else {
				c[key.Str] = json.RawMessage(value.Raw)
			}
			return true
		})
		choices = append(choices, c)
		return true
	})
	first, err := chunk(head, choices, nil)
	if err != nil || !withUsage || !completion.Get("usage").IsObject() {
		return [][]byte{first}, err
	}
	last, err := chunk(head, []map[string]json.RawMessage{}, json.RawMessage(completion.Get("usage").Raw))
	return [][]byte{first, last}, err
}

func chunk(head map[string]json.RawMessage, choices []map[string]json.RawMessage, usage json.RawMessage) ([]byte, error) {
	all := make(map[string]any, len(head)+2)
	for k, v := range head {
		all[k] = v
	}
	all["choices"] = choices
	if usage != nil {
		all["usage"] = usage
	}
	return json.Marshal(all)
}

func delta(message gjson.Result) json.RawMessage {
	calls := message.Get("tool_calls")
	if !calls.IsArray() {
		return json.RawMessage(message.Raw)
	}
	out := map[string]json.RawMessage{}
	message.ForEach(func(key, value gjson.Result) bool {
		out[key.Str] = json.RawMessage(value.Raw)
		return true
	})
	var indexed []map[string]json.RawMessage
	calls.ForEach(func(_, call gjson.Result) bool {
		c := map[string]json.RawMessage{"index": json.RawMessage(itoa(len(indexed)))}
		call.ForEach(func(key, value gjson.Result) bool {
			c[key.Str] = json.RawMessage(value.Raw)
			return true
		})
		indexed = append(indexed, c)
		return true
	})
	raw, err := json.Marshal(indexed)
	if err != nil { // parts of a valid document always marshal
		return json.RawMessage(message.Raw)
	}
	out["tool_calls"] = raw
	whole, err := json.Marshal(out)
	if err != nil {
		return json.RawMessage(message.Raw)
	}
	return whole
}

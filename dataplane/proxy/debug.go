package proxy

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// explain adds error.trunkline to an error body if the key may see it: which providers were
// tried and how that ended. The rest of the body stays as it is. last is an attempt that is
// not recorded yet, if there is one.
func (c *call) explain(body []byte, last ...dataplane.Attempt) []byte {
	if c.key == nil || !c.key.Debug {
		return body
	}
	e := gjson.GetBytes(body, "error")
	if !e.IsObject() || e.Index == 0 {
		return body
	}
	end := e.Index + len(e.Raw) - 1 // of the closing brace
	member := append([]byte(`"trunkline":`), c.tried(last)...)
	if len(e.Map()) > 0 {
		member = append([]byte{','}, member...)
	}
	return slices.Concat(body[:end], member, body[end:])
}

// tried lists the attempts, without what anybody said in them.
func (c *call) tried(last []dataplane.Attempt) []byte {
	type attempt struct {
		Provider string `json:"provider"`
		Model    string `json:"model"`
		Outcome  string `json:"outcome"`
		Status   int    `json:"status"` // 0: no answer came
		Ms       int64  `json:"ms"`
	}
	out := struct {
		RequestID string    `json:"request_id"`
		Attempts  []attempt `json:"attempts"`
	}{c.record.ID, []attempt{}}
	for _, a := range slices.Concat(c.record.Attempts, last) {
		out.Attempts = append(out.Attempts, attempt{a.Provider, a.Model, a.Outcome.String(), a.Status, a.Duration.Milliseconds()})
	}
	text, err := json.Marshal(out)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return text
}

// ending is the attempt as it will be recorded when it ends with v.
func (a *attempt) ending(v dataplane.Verdict) dataplane.Attempt {
	r := a.record
	r.Outcome, r.Duration = v.Outcome, a.call.h.cfg.Now().Sub(a.started)
	return r
}

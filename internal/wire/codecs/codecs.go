// Package codecs says what a request becomes in another dialect, or why it cannot be said there. Nodes
// send what it gives; the control plane asks it before a call is made.
package codecs

import (
	"slices"

	"github.com/trunkline-ai/trunkline/internal/wire/chat"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/gemini"
	"github.com/trunkline-ai/trunkline/internal/wire/messages"
	"github.com/trunkline-ai/trunkline/internal/wire/responses"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// all are those of all dialects that are translated. Nobody changes them.
var all = []form.Codec{responses.Codec{}, messages.Codec{}, gemini.Codec{}, chat.Codec{}}

// Of finds that of a dialect; nil: it is not translated.
func Of(dialect string) form.Codec {
	i := slices.IndexFunc(all, func(c form.Codec) bool { return c.Name() == dialect })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Read reads a request whose bytes nobody has looked at yet. The error is a *scan.Error, worded for people.
func Read(from form.Codec, body []byte) (*form.Request, error) {
	if !scan.Valid(body) {
		return nil, &scan.Error{Message: "must be valid JSON"}
	}
	return from.ReadRequest(body)
}

// Write writes a request for a target. strict: where a part of it would have to be said in another way, the target
// does not get it. The error is a *form.Refused where the target is to be left out.
func Write(to form.Codec, r *form.Request, target form.Target, strict bool, losses *form.Losses) ([]byte, error) {
	body, err := to.WriteRequest(r, target, losses)
	if err == nil && strict && len(losses.Approximated) > 0 {
		err = &form.Refused{Param: losses.Approximated[0], Why: "it would have to be said in another way, which the group does not allow"}
	}
	return body, err
}

package engine

import (
	"errors"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/codecs"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// translator says in which dialect each candidate of a call gets the request (ways.go), and has it in the
// form that other dialects are written from. That is read when the first candidate needs it; only the call's
// own goroutine changes it, and attempts read.
type translator struct {
	engine *Engine
	req    *Request
	memory *memory

	lacking int           // candidates left out whose provider lacks the API, and has none to translate to
	mixed   bool          // providers of other dialects may have answered the client before
	request *form.Request // nil: it was not read
	unread  *refusal      // why it cannot be
	sealed  bool          // a part of it only its origin can read
	drafts  []*draft
}

// draft is the request as it was written for the first candidate of a kind, which tells what candidates
// of that kind cannot be told: those of one dialect that differ in nothing but the model's name.
type draft struct {
	to      *wire.Endpoint
	target  form.Target
	body    []byte // nil: not kept, since one of the dialect is
	losses  form.Losses
	refused *refusal
}

// refusal says why a request cannot be translated for a candidate.
type refusal struct {
	param string
	text  string
	busy  bool // there is no room for it at present
}

// refuses says why a candidate cannot get the request in the dialect of its provider; nil: it can.
func (t *translator) refuses(one dataplane.Candidate) *refusal {
	if why := t.read(); why != nil {
		return why
	}
	to, target := t.engine.conversation(one.To), t.engine.formTarget(one.Target)
	d := t.draft(to, target)
	if d == nil {
		d = &draft{to: to, target: target}
		t.fill(d)
		t.drafts = append(t.drafts, d)
	}
	return d.refused
}

// read reads the request, once.
func (t *translator) read() *refusal {
	if t.request != nil || t.unread != nil {
		return t.unread
	}
	if !t.memory.take(formSize(t.req.Body.JSON)) {
		t.unread = noRoom
		return t.unread
	}
	request, err := t.req.Endpoint.Codec.ReadRequest(t.req.Body.JSON)
	if err != nil {
		t.unread = &refusal{text: err.Error()}
		if wrong, is := errors.AsType[*scan.Error](err); is {
			t.unread.param, t.unread.text = wrong.Param, wrong.Message
		}
		return t.unread
	}
	request.Memory = t.memory.lend
	if t.req.Endpoint.InPath { // the body says neither
		request.Model, request.Stream = t.req.Envelope.Model, t.req.Stream
	}
	t.request, t.sealed = request, request.Sealed()
	return nil
}

// What the form takes at most for each object and for each further member or element of a request, in
// bytes: many that are small take several times what they are written in.
const (
	objectSize = 256
	memberSize = 64
)

// formSize bounds what a request takes once it is read.
func formSize(body []byte) int64 {
	objects, commas := scan.Count(body) // what stands in a text takes no more than it is long
	return int64(len(body)) + objectSize*objects + memberSize*commas
}

var noRoom = &refusal{text: errBudget.Error(), busy: true}

// draft is the one for targets like this one; nil: there is none yet.
func (t *translator) draft(to *wire.Endpoint, like form.Target) *draft {
	i := slices.IndexFunc(t.drafts, func(d *draft) bool {
		like.Model = d.target.Model
		return d.to == to && d.target == like
	})
	if i < 0 {
		return nil
	}
	return t.drafts[i]
}

// kept is the draft of a dialect whose body is kept; nil: there is none.
func (t *translator) kept(to *wire.Endpoint) *draft {
	i := slices.IndexFunc(t.drafts, func(d *draft) bool { return d.to == to && d.body != nil })
	if i < 0 {
		return nil
	}
	return t.drafts[i]
}

// fill writes a draft, or why that cannot be.
func (t *translator) fill(d *draft) {
	body, why := t.write(d.to, d.target, &d.losses)
	switch {
	case why != nil:
		d.refused = why
	case t.kept(d.to) != nil:
	case !t.memory.take(int64(len(body))):
		d.refused = noRoom
	default:
		d.body = body
	}
}

// write writes the request for a target, or says why that cannot be, as the group's policy has it.
func (t *translator) write(to *wire.Endpoint, target form.Target, losses *form.Losses) ([]byte, *refusal) {
	body, err := codecs.Write(to.Codec, t.request, target, t.req.policy().Translation == dataplane.TranslateStrict, losses)
	if err != nil {
		return nil, refusalOf(err)
	}
	return body, nil
}

// refusalOf is what a codec says.
func refusalOf(err error) *refusal {
	why := &refusal{text: err.Error()}
	if r, is := errors.AsType[*form.Refused](err); is {
		why.param, why.text = r.Param, r.Reason()
	}
	return why
}

// formTarget is what codecs must know of a target, but for who would read what is opaque.
func (e *Engine) formTarget(t *dataplane.Target) form.Target {
	to := form.Target{Model: t.Model, MaxOutput: t.MaxOutput}
	if e.learned.Habits.None() {
		return to
	}
	known := to // of which memory is taken only here
	e.learned.Habits.Apply(t.Scope, &known, e.cfg.Now())
	return known
}

// originOf names an account of a provider.
func originOf(p *dataplane.Provider, c *dataplane.Credential) form.Origin {
	if c == nil {
		return form.OriginOf(p.Name, "")
	}
	return form.OriginOf(p.Name, c.Name)
}

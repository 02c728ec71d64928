package engine

import (
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// translation is a request in the dialect of an attempt's provider, and how what comes back
// becomes the client's.
type translation struct {
	body     []byte
	envelope *wire.Envelope // of the body; nil: nothing is put into that
	losses   form.Losses    // also of the answer, while that is read
	complete bool           // nothing of the request was dropped
	header   string         // of a stream: a timer may commit it, while its events add losses
	of       form.Exchange
}

// translate writes the request for the attempt's target, whose credential is known now.
func (a *attempt) translate() (v dataplane.Verdict, refused bool) {
	c := a.call
	t := &c.translator
	target := c.engine.formTarget(a.Target)
	target.Origin = originOf(a.Provider, a.credential)
	out := &translation{}
	if d := t.kept(a.endpoint); d != nil && d.fits(target, t.sealed) {
		out.body = d.body
		out.losses = form.Losses{Approximated: slices.Clone(d.losses.Approximated), Dropped: slices.Clone(d.losses.Dropped)}
	} else {
		var why *refusal
		if out.body, why = t.write(a.endpoint, target, &out.losses); why != nil {
			return dataplane.Verdict{Outcome: dataplane.NotTranslatable, Reason: why.String()}, true
		}
		if !c.memory.take(int64(len(out.body))) {
			return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: errBudget.Error()}, true
		}
	}
	out.of = form.Exchange{Request: t.request, Target: target, Losses: &out.losses, ID: c.rec.ID, Created: c.rec.Start.Unix()}
	out.complete = len(out.losses.Dropped) == 0
	a.translation = out
	a.record.Translation = &dataplane.Translation{From: c.req.Endpoint.API, To: a.endpoint.API}
	return v, false
}

// fits reports whether a draft is the request for a target too.
func (d *draft) fits(target form.Target, sealed bool) bool {
	if target.Origin != d.target.Origin && !sealed {
		target.Origin = d.target.Origin
	}
	return d.target == target
}

// translateAnswer puts a whole answer into the client's dialect.
func (a *attempt) translateAnswer(body []byte) ([]byte, error) {
	t := a.translation
	answer, err := a.endpoint.Codec.ReadAnswer(body, t.of)
	if err != nil {
		return nil, err
	}
	return a.call.req.Endpoint.Codec.WriteAnswer(answer, t.of), nil
}

// elsewhere is an attempt on a target that turned out not to have the endpoint: once more, in a dialect
// that its provider speaks for certain; nil: there is none, or nothing is left to try with.
func (c *call) elsewhere(failed *attempt, v dataplane.Verdict, most int) *attempt {
	if v.Outcome != dataplane.Unsupported || v.Feature || failed.translation != nil || c.tried >= most {
		return nil
	}
	to := c.translator.otherWay(failed.Target)
	if to == nil {
		return nil
	}
	next := candidate{Candidate: failed.Candidate, credential: c.left.with, lastResort: failed.lastResort}
	next.To = to.API
	if why := c.translator.refuses(next.Candidate); why != nil {
		c.left.leaveOut(next.Candidate, *why)
		return nil
	}
	return newAttempt(c, next, c.isLast(most))
}

// translatedHeader tells the client what became of its request.
const translatedHeader = "X-Trunkline-Translated"

// translationText is "messages -> chat; approximated: a; dropped: b, c".
func translationText(t *dataplane.Translation, losses *form.Losses) string {
	text := t.From + " -> " + t.To
	for _, part := range [...]struct {
		what  string
		names []string
	}{{"approximated", losses.Approximated}, {"dropped", losses.Dropped}} {
		if len(part.names) == 0 {
			continue
		}
		safe := make([]string, len(part.names))
		for i, name := range part.names {
			safe[i] = headerText(name)
		}
		text += "; " + part.what + ": " + strings.Join(safe, ", ")
	}
	return text
}

func (r *refusal) String() string {
	if r.param == "" {
		return r.text
	}
	return r.param + ": " + r.text
}

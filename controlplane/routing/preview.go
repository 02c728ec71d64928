package routing

import (
	"errors"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/wire/codecs"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ReadCall is a call with a client's request, of which ExplainCall then says what each member would be told. The
// error says for people what is wrong with the request.
func ReadCall(api string, body []byte) (Call, error) {
	from := codecs.Of(api)
	if from == nil {
		return Call{}, errors.New("the dialect cannot be translated")
	}
	request, err := codecs.Read(from, body)
	if wrong, is := errors.AsType[*scan.Error](err); is && wrong.Param != "" {
		err = errors.New(wrong.Param + ": " + wrong.Message)
	}
	return Call{Endpoint: dialect.TalkOf(api)[1:], request: request}, err
}

// preview says what a member would be told of the call's request; nil: it gets it as it comes.
func (e *explanation) preview(c *adminv1.Candidate, t *target) *adminv1.CandidateTranslation {
	q := e.call.request
	if q == nil {
		return nil
	}
	out := &adminv1.CandidateTranslation{To: c.GetTranslatedTo()}
	if out.GetTo() == "" {
		speaks := speaksOf(t.provider)
		if _, certain := speaks(q.Dialect); certain || e.native {
			return nil
		}
		out.To, out.Uncertain = dialect.Other(q.Dialect, speaks, lacksOf(c.GetRefusals())), true
	}
	to := codecs.Of(out.GetTo())
	if to == nil {
		return nil
	}
	losses, err := e.write(to, t.form(c.GetRefusals()))
	if refused, is := errors.AsType[*form.Refused](err); is {
		out.Refused, out.Reason = refused.Param, refused.Reason()
		return out
	}
	if err != nil {
		out.Refused, out.Reason = "body", err.Error()
	}
	out.Approximated, out.Dropped = losses.Approximated, losses.Dropped
	return out
}

// written is how the request was written for members of one kind.
type written struct {
	to     string
	target form.Target // without what makes no difference
	losses form.Losses
	err    error
}

// write writes the request for a member, once for all that differ in nothing but their names: a group has up to a
// thousand, and a request up to a megabyte.
func (e *explanation) write(to form.Codec, target form.Target) (form.Losses, error) {
	kind := target
	kind.Model = ""
	if !e.call.request.Sealed() {
		kind.Origin = ""
	}
	i := slices.IndexFunc(e.written, func(w written) bool { return w.to == to.Name() && w.target == kind })
	if i < 0 {
		w := written{to: to.Name(), target: kind}
		_, w.err = codecs.Write(to, e.call.request, target, e.strict, &w.losses)
		i, e.written = len(e.written), append(e.written, w)
	}
	return e.written[i].losses, e.written[i].err
}

// form is what a translation has to know of a member, as a node would know it: of several credentials the first.
func (t *target) form(refusals []*adminv1.LearnedRefusal) form.Target {
	to := form.Target{Model: t.model}
	if m := controlplane.ModelNamed(t.provider, t.model); m != nil {
		to.MaxOutput = m.GetMaxOutputTokens()
	}
	credential := ""
	for _, c := range t.provider.GetCredentials() {
		if controlplane.IsEnabled(c.Enabled) {
			credential = c.GetName()
			break
		}
	}
	to.Origin = form.OriginOf(t.provider.GetName(), credential)
	for _, r := range refusals {
		to.Refuses("/"+r.GetEndpoint(), r.GetParameter())
	}
	return to
}

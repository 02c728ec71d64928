package engine

import (
	"io"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// outgoing is the request as an attempt's target gets it: the client's with the target's model, field
// rules and edits (rewrite.go), in a vendor's shape (shape.go) or in another dialect (translate.go).
type outgoing struct {
	req      *Request
	target   *dataplane.Target
	endpoint *wire.Endpoint // of the provider: the client's, or that of another dialect

	edits       []scan.Edit  // of the body, beyond what every request gets
	shaped      *shaped      // nil: it goes as the client said it
	translation *translation // nil: it goes as it came
	wantUsage   bool         // a usage chunk is asked for that the client did not ask for
}

// json is the request as the provider gets it, but for the model and field rules.
func (o *outgoing) json() []byte {
	if o.translation != nil {
		return o.translation.body
	}
	return o.req.Body.JSON
}

// spliced is that with the model and all edits. A translated request names the model already.
func (o *outgoing) spliced() scan.Spliced {
	t := o.translation
	switch {
	case t == nil:
		return o.req.Envelope.Splice(o.req.Body.JSON, o.target.ModelJSON, o.wantUsage, o.edits)
	case t.envelope == nil:
		return scan.Splice(t.body)
	}
	return t.envelope.Splice(t.body, o.target.ModelJSON, o.wantUsage, o.edits)
}

// address reads where a translated request that is to be edited names its model. One that is not clear
// about it is not sent: rules made for the target would not hold for what the provider reads.
func (o *outgoing) address() (v dataplane.Verdict, refused bool) {
	t := o.translation
	if len(o.edits) == 0 && (!o.req.Stream || !o.endpoint.Stream.Options) {
		return v, false
	}
	e, err := wire.ReadEnvelope(t.body, o.endpoint)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.NotTranslatable, Reason: "the translated request is ambiguous: " + err.Error()}, true
	}
	t.envelope = &e
	return v, false
}

// body reads the request's body as this attempt sends it, from its start, and gives its size.
func (o *outgoing) body() (io.Reader, int64) {
	req := o.req
	if form := req.Body.Form; form != nil {
		return form.Reader(o.target.Model), form.Size(o.target.Model)
	}
	spliced := o.spliced()
	if o.shaped != nil {
		spliced = scan.Splice(o.shaped.body)
	}
	return spliced.Reader(), spliced.Size()
}

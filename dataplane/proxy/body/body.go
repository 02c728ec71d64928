// Package body reads the bodies of requests, whole, before anything is sent upstream:
// retries need them, and an answer that starts early cannot cut them off. It bounds how
// large, slow and compressed they may be, and how many bytes of all requests, and of those
// of one key, are held at once. What a request holds is counted as its body comes in: a length
// that is only announced takes nothing from anybody. JSON is held in memory, a form in memory
// or in a temporary file.
package body

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/httpfield"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Limits say how bodies may come in, and where they are held.
type Limits struct {
	Max     int64         // bytes of one, decoded
	Window  time.Duration // each must bring 1 KiB for each of its seconds
	Pool    *buffer.Pool
	TempDir string // of large forms; empty: the system's
}

// Body is one request's body.
type Body struct {
	JSON []byte // of a JSON request, until Release
	Form *Form  // of any other
	Size int    // bytes of JSON, also behind Release

	lent   *buffer.Buffer
	pool   *buffer.Pool
	share  *Share
	taken  int64 // of the share
	leaked bool
}

// Read reads the body of a request to an endpoint and what routing needs to know of it. A model that
// the path names is put into a body that names none; another one than the body's is refused. The
// error is an *Error, or a *scan.Error when the body came whole but cannot be accepted.
// What the body holds is taken from the share. Release the body in either case.
func (l *Limits) Read(w http.ResponseWriter, r *http.Request, endpoint *wire.Endpoint, model string, share *Share) (Body, wire.Envelope, error) {
	b := Body{pool: l.Pool, share: share}
	boundary, isForm, ok := kind(httpfield.Get(r.Header, "Content-Type"), endpoint.Form)
	if !ok {
		return b, wire.Envelope{}, &Error{Kind: MediaType}
	}
	in, err := l.open(w, r, share)
	if err != nil {
		return b, wire.Envelope{}, in.failed(r.Context(), err)
	}
	var e wire.Envelope
	if isForm {
		b.Form, e, err = readForm(counted{in}, boundary, model, l.TempDir)
	} else if b.lent, err = in.all(l.Pool); err == nil {
		b.JSON, b.Size = b.lent.B, len(b.lent.B)
	}
	in.close(err == nil)
	b.taken = in.taken
	switch {
	case err != nil:
		return b, e, in.failed(r.Context(), err)
	case !isForm && endpoint.InPath:
		if e, err = wire.ReadEnvelope(b.JSON, endpoint); err == nil {
			err = e.SetModel(b.JSON, endpoint, model)
		}
	case !isForm:
		e, err = b.envelope(endpoint, model)
		if _, full := errors.AsType[*scan.Error](err); err != nil && !full {
			return b, e, in.failed(r.Context(), err)
		}
	}
	if err == nil && model != "" && e.Model != model {
		err = &scan.Error{Param: "model", Message: "the model of the request body is not the one in its path"}
	}
	return b, e, err
}

// envelope reads a JSON body, and puts a model that the path names into one that names none.
func (b *Body) envelope(endpoint *wire.Endpoint, model string) (wire.Envelope, error) {
	e, err := wire.ReadEnvelope(b.JSON, endpoint)
	if model == "" || !errors.Is(err, wire.ErrNoModel) || e.NamesModel() {
		return e, err
	}
	most := int64(len(b.JSON) + 6*len(model) + len(`"model":"",`)) // JSON writes a byte with at most six
	if err := b.share.take(most); err != nil {
		return e, err
	}
	b.taken += most
	b.JSON = wire.InsertModel(b.JSON, model)
	b.Size = len(b.JSON)
	return wire.ReadEnvelope(b.JSON, endpoint)
}

// Message reads one message of a connection that carries many, such as a WebSocket: no slower and no
// larger than a request may be. conn is asked for its deadlines only. Release the body in either case.
func (l *Limits) Message(conn http.ResponseWriter, message io.Reader, share *Share) (Body, error) {
	b := Body{pool: l.Pool, share: share}
	in := &reader{limit: l.Max, share: share, size: -1}
	in.wire = pacer{src: message, w: conn, window: l.Window, end: time.Now().Add(bodyTimeout)}
	in.wire.next()
	in.src = &in.wire
	var err error
	if b.lent, err = in.all(l.Pool); err == nil {
		b.JSON, b.Size = b.lent.B, len(b.lent.B)
	}
	in.close(err == nil)
	if b.taken = in.taken; err != nil {
		return b, in.failed(context.Background(), err)
	}
	return b, nil
}

// Counted is the body of a request that is in memory already, where Bytes of its share are taken for
// it: reading it takes only what it needs beyond them.
type Counted struct {
	io.Reader
	Bytes int64
}

// Close does nothing: the memory is somebody else's.
func (*Counted) Close() error { return nil }

// Taken is how much of the share the body holds.
func (b *Body) Taken() int64 { return b.taken }

// HandOver gives back what the body holds of the share, just before what it is made into takes the
// same. Its memory stays until Release.
func (b *Body) HandOver() {
	if b.taken > 0 {
		b.share.Give(b.taken)
		b.taken = 0
	}
}

// Leak notes that somebody may go on reading the body behind Release: its memory is then
// left to the garbage collector.
func (b *Body) Leak() { b.leaked = true }

// Sent gives back what the body holds, if nobody can need it any more: an upstream has it and
// has begun to answer. A form is kept, and what somebody may still read.
func (b *Body) Sent() {
	if !b.leaked && b.Form == nil {
		b.Release()
	}
}

// Release gives back what the body holds. It may be called again.
func (b *Body) Release() {
	if b.lent != nil && !b.leaked {
		b.pool.Put(b.lent)
	}
	b.lent, b.JSON = nil, nil
	if b.Form != nil {
		b.Form.close()
		b.Form = nil
	}
	b.HandOver()
}

// kind reads the content type. What is no form is taken for JSON, also without a type or
// under the one that curl -d sends; only what is plainly something else is refused.
func kind(given string, mayBeForm bool) (boundary string, isForm, ok bool) {
	if given == "" || given == "application/json" {
		return "", false, true
	}
	media, params, err := mime.ParseMediaType(given)
	if err != nil {
		return "", false, false
	}
	if media == "multipart/form-data" && mayBeForm && params["boundary"] != "" {
		return params["boundary"], true, true
	}
	return "", false, takenForJSON(media)
}

func takenForJSON(media string) bool {
	switch media {
	case "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream":
		return true
	}
	return strings.HasSuffix(media, "+json")
}

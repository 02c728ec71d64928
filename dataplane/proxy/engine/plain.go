package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// plain takes an answer that is not streamed. It is held whole up to 2 MiB, or to what the budget
// of bodies has room for above 64 KiB; a longer one is committed then and streamed on, unless it must
// become a stream or be translated. An answer that is an error in truth is never so long.
func (a *answer) plain(ctx context.Context) (dataplane.Verdict, bool) {
	c := a.call
	claim := buffer.NewClaimAbove(&c.req.Share, firstHeld)
	if a.translation != nil { // what is made of it is about as large
		claim = buffer.NewClaim(&c.req.Share)
	}
	lent, full, err := hold(a.body, a.resp.ContentLength, c.engine.cfg.Pool, &claim)
	if err != nil {
		a.took(c.memory.keep(lent, claim))
		return readVerdict(ctx, err), false
	}
	a.record.FirstFrame = c.engine.cfg.Now().Sub(a.started)
	converts := c.req.Stream && !c.req.Endpoint.Stream.Plain
	whole := converts || a.shaped != nil || a.translation != nil
	var v dataplane.Verdict
	if whole && full {
		lent, v = a.holdLong(ctx, lent, &claim)
	}
	body := c.memory.keep(lent, claim)
	a.echoes().Mask(body)
	a.names(body)
	switch {
	case v.Outcome != dataplane.OK:
		a.took(body)
		return v, false
	case !whole && full:
		return a.long(ctx, body)
	}
	media := mediaType(a.resp.Header)
	if body, err = a.shaped.answer(c.req.Body.JSON, body, a.Model); err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	if v, good := a.classify(body, media); !good {
		a.took(body)
		a.errorBody = classify.Scrub(body[:min(len(body), maxErrorBody)], a.secrets())
		return v, false
	}
	if empty := a.endpoint.Empty; empty != nil && a.leavesEmpty() && empty(body) {
		return emptyVerdict, false
	}
	if a.translation != nil {
		if body, err = a.translateAnswer(body); err != nil {
			return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer cannot be translated: " + err.Error()}, false
		}
	}
	if converts {
		return a.convert(a.resp.Header, renamed(body, a.ids.renamePlain(body)))
	}
	if !a.out.claim() {
		a.took(body)
		return superseded, false
	}
	a.record.FirstToken = a.record.FirstFrame
	a.accept(a.resp.Header)
	h := c.client.w.Header()
	h["Content-Type"] = jsonType
	if a.endpoint.Text && isText(media) {
		h["Content-Type"] = []string{safeType(a.resp.Header)}
	}
	edits := a.ids.renamePlain(body)
	h["Content-Length"] = []string{strconv.Itoa(scan.Length(body, edits))}
	c.client.allowWrite()
	c.client.w.WriteHeader(http.StatusOK)
	if err := c.client.writeEdited(body, edits); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}

var jsonType = []string{"application/json"}

// firstHeld is how much of a plain answer is held without asking the budget, in bytes.
const firstHeld = 64<<10 + 64

// hold reads a body to its end; full says that it is larger than what is held. The buffer grows as the
// bytes come: a length that is only announced holds nothing.
func hold(body io.Reader, announced int64, pool *buffer.Pool, claim *buffer.Claim) (_ *buffer.Buffer, full bool, err error) {
	size := int64(4 << 10)
	if announced > 0 {
		size = min(announced+1, firstHeld)
	}
	buf := pool.Get(int(size))
	for len(buf.B) <= maxHeld {
		if len(buf.B) == cap(buf.B) {
			var grown bool
			if buf, grown = claim.Grow(pool, buf); !grown {
				return buf, true, nil
			}
		}
		n, err := body.Read(buf.B[len(buf.B):min(cap(buf.B), maxHeld+1)])
		buf.B = buf.B[:len(buf.B)+n]
		if errors.Is(err, io.EOF) {
			return buf, false, nil
		}
		if err != nil {
			return buf, false, err
		}
	}
	return buf, true, nil
}

// holdLong reads the rest of a long answer that must be whole to become a stream or another. Its size is
// the caller's doing.
func (a *answer) holdLong(ctx context.Context, lent *buffer.Buffer, claim *buffer.Claim) (*buffer.Buffer, dataplane.Verdict) {
	tooLarge := func(reason string) (*buffer.Buffer, dataplane.Verdict) {
		return lent, dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: reason}
	}
	for {
		if len(lent.B) == cap(lent.B) {
			var grown bool
			if lent, grown = claim.Grow(a.call.engine.cfg.Pool, lent); !grown {
				return tooLarge(errBudget.Error())
			}
		}
		n, err := a.body.Read(lent.B[len(lent.B):min(cap(lent.B), maxConverted+1)])
		lent.B = lent.B[:len(lent.B)+n]
		switch {
		case len(lent.B) > maxConverted:
			return tooLarge("a plain answer that must be held whole is larger than 32 MiB")
		case errors.Is(err, io.EOF):
			return lent, dataplane.Verdict{}
		case err != nil:
			return lent, readVerdict(ctx, err)
		}
	}
}

// classify accepts a JSON object that holds what the endpoint's answers hold, no error and
// no failure keyword; of some endpoints also plain text.
func (a *answer) classify(body []byte, media string) (v dataplane.Verdict, good bool) {
	bad := func(reason string) (dataplane.Verdict, bool) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: reason}, false
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return bad("the answer is empty")
	}
	doc, valid := scan.Read(body)
	if !valid {
		if a.endpoint.Text && isText(media) {
			return a.classifyText(body)
		}
		return bad("the answer is not valid JSON")
	}
	if _, is := classify.ErrorBody(body, a.Model); is {
		v, _ := classify.ErrorBody(classify.Scrub(body, a.secrets()), a.Model)
		if k := a.keywords.in(body, a.Keywords.Error, a.Keywords.Answer); k != nil {
			v = keywordInError(k, v)
		}
		return v, false
	}
	if !a.endpoint.Answers(&doc) {
		return bad("the answer has no " + a.endpoint.Holds())
	}
	if v, failed := a.endpoint.Ended(body); failed {
		return v, false
	}
	a.over = !a.call.req.Background || !goesOn(body)
	a.record.Usage = a.settlePlain(&doc)
	if k := a.keywords.in(body, a.Keywords.Answer); k != nil {
		return keywordVerdict(k), false
	}
	return dataplane.Verdict{}, true
}

// classifyText accepts a transcript that is no JSON: subtitles, or nothing but the text.
func (a *answer) classifyText(body []byte) (v dataplane.Verdict, good bool) {
	start := bytes.ToLower(bytes.TrimSpace(body)[:min(len(bytes.TrimSpace(body)), 16)])
	if bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html")) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer is a web page"}, false
	}
	if k := a.keywords.in(body, a.Keywords.Answer); k != nil {
		return keywordVerdict(k), false
	}
	return dataplane.Verdict{}, true
}

// isText reports whether an answer of this type is text that need not be JSON.
func isText(media string) bool {
	return media == "text/plain" || media == "text/vtt" || media == "text/srt" || media == "application/x-subrip"
}

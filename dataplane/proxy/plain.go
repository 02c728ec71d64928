package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// plain judges an answer that is not streamed. It is held whole up to 2 MiB; a longer
// one is committed then and streamed on.
func (a *attempt) plain(ctx context.Context, resp *http.Response, body io.Reader) (dataplane.Verdict, bool) {
	lent, err := hold(body, resp.ContentLength, &a.call.h.buffers)
	held := a.call.keep(lent)
	if err != nil {
		return readVerdict(ctx, err), false
	}
	a.record.FirstFrame = a.call.h.cfg.Now().Sub(a.started)
	if len(held) > maxHeld {
		return a.long(ctx, resp, held, body)
	}
	if v, ok := a.judgeBody(held, mediaType(resp.Header)); !ok {
		a.body = classify.Scrub(held[:min(len(held), maxErrorBody)], a.Provider.Secrets)
		return v, false
	}
	if stream := a.call.endpoint.Stream; a.call.envelope.Stream && !stream.Plain {
		return a.convert(resp, held)
	}
	a.record.FirstToken = a.record.FirstFrame
	a.accept(resp.Header)
	h := a.call.w.Header()
	h["Content-Type"] = jsonType
	if a.call.endpoint.Text && isText(mediaType(resp.Header)) {
		h["Content-Type"] = []string{safeType(resp.Header)}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(held))}
	a.call.allowWrite(a.call.out.rc)
	a.call.w.WriteHeader(http.StatusOK)
	if _, err := a.call.w.Write(held); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}

var jsonType = []string{"application/json"}

// hold reads a body to its end, or to just over what is held.
func hold(body io.Reader, announced int64, pool *buffer.Pool) (*buffer.Buffer, error) {
	size := int64(4 << 10)
	if announced > 0 {
		size = min(announced, maxHeld) + 1
	}
	buf := pool.Get(int(size))
	for len(buf.B) <= maxHeld {
		if len(buf.B) == cap(buf.B) {
			buf = pool.Grow(buf)
		}
		n, err := body.Read(buf.B[len(buf.B):min(cap(buf.B), maxHeld+1)])
		buf.B = buf.B[:len(buf.B)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// judgeBody accepts a JSON object that holds what the endpoint's answers hold, no error and
// no failure keyword; of some endpoints also plain text.
func (a *attempt) judgeBody(body []byte, media string) (dataplane.Verdict, bool) {
	bad := func(reason string) (dataplane.Verdict, bool) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: reason}, false
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return bad("the answer is empty")
	}
	if !gjson.ValidBytes(body) {
		if a.call.endpoint.Text && isText(media) {
			return a.plainText(body)
		}
		return bad("the answer is not valid JSON")
	}
	if _, is := classify.ErrorBody(body, a.Model); is {
		v, _ := classify.ErrorBody(classify.Scrub(body, a.Provider.Secrets), a.Model)
		if k := a.keyword(body, a.Keywords.Error, a.Keywords.Answer); k != nil {
			v = keywordInError(k, v)
		}
		return v, false
	}
	if !a.call.endpoint.Answers(body) {
		return bad("the answer has no " + a.call.endpoint.Holds())
	}
	if u, ok := wire.UsageOf(gjson.GetBytes(body, "usage")); ok {
		a.record.Usage = u
	} else {
		a.record.Usage = a.estimate(len(body))
	}
	if k := a.keyword(body, a.Keywords.Answer); k != nil {
		return keywordVerdict(k), false
	}
	return dataplane.Verdict{}, true
}

// long commits an answer that is too large to hold and copies the rest.
func (a *attempt) long(ctx context.Context, resp *http.Response, held []byte, body io.Reader) (dataplane.Verdict, bool) {
	if c := bytes.TrimLeft(held, " \t\r\n"); c[0] != '{' || a.call.envelope.Stream {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a large answer is not a JSON object"}, false
	}
	a.record.FirstToken = a.record.FirstFrame
	a.accept(resp.Header)
	a.call.w.Header()["Content-Type"] = jsonType
	a.call.w.WriteHeader(http.StatusOK)
	var last wire.Tail
	end := a.relay(io.TeeReader(body, &last), held, len(held))
	a.record.Usage = a.estimate(int(end.sent))
	if u, ok := last.Usage(); ok {
		a.record.Usage = u
	}
	return a.endRelay(ctx, end)
}

// accept commits the attempt: health hears of it, the caller's clock stops, and the
// headers say who answers.
func (a *attempt) accept(upstream http.Header) {
	a.call.commitClock()
	a.succeeded()
	c := a.call
	spent := c.upstream
	c.upstream += c.h.cfg.Now().Sub(a.started)
	c.answerHeaders(a.Provider, upstream)
	c.upstream = spent
}

// finish closes the record of an attempt whose answer the client has.
func (a *attempt) finish(v dataplane.Verdict) dataplane.Verdict {
	c := a.call
	if v.Outcome != dataplane.OK {
		a.report(v)
	}
	if a.record.FirstToken > 0 {
		c.record.FirstToken = a.record.StartOffset + a.record.FirstToken
	}
	c.record.Provider, c.record.UpstreamModel, c.record.Usage = a.Provider.Name, a.Model, a.record.Usage
	c.record.Outcome, c.record.Status = v.Outcome, http.StatusOK
	if rule := v.Outcome.Rule(); v.Outcome != dataplane.OK {
		c.record.ErrorCode = rule.Code
		if rule.Status == 499 {
			c.record.Status = rule.Status
		}
	}
	a.close(v)
	return v
}

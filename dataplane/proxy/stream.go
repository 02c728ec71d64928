package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// What a stream may make us hold before the commit.
const (
	holdBytes  = 64 << 10
	holdEvents = 32
)

// streamView is what has been seen of a stream, and how it ended for the client.
type streamView struct {
	wire.Inspection
	sentDone  bool
	sentError bool
}

// keywordChars is how much output text a stream is held for when failure keywords exist.
const keywordChars = 200

// stream judges and relays a stream. Events are held until the first meaningful one, or
// longer for failure keywords; until then any failure moves on unseen. From the commit
// on the client gets this upstream's events, then its [DONE] or an error event.
func (a *attempt) stream(ctx context.Context, resp *http.Response, body io.Reader) (dataplane.Verdict, bool) {
	out := &a.call.out
	events := sse.NewReader(body, waits(body), &a.call.h.buffers)
	defer events.Close()
	view := streamView{Inspection: wire.Inspection{Stream: a.call.endpoint.Stream, Watch: a.Keywords.Watch()}}
	out.begin(func() {
		a.accept(resp.Header)
		resp.Header = nil // an open stream is to hold what it needs, and no more
		a.call.bodyIsSent(a)
	})
	for {
		for event := events.Next(); event != nil; event = events.Next() {
			if v, ended := a.take(&view, event); ended {
				a.drain(ctx, body, v)
				return a.endStream(&view, v)
			}
		}
		if err := out.flush(); err != nil {
			return a.endStream(&view, clientVerdict(err))
		}
		err := events.Fill()
		if err == nil {
			a.arrived(out)
			continue
		}
		if errors.Is(err, io.EOF) {
			if last := wholeEvent(events.Rest()); last != nil {
				if v, ended := a.take(&view, last); ended {
					return a.endStream(&view, v)
				}
			}
		}
		return a.endStream(&view, a.closed(ctx, &view, err, len(events.Rest()) > 0))
	}
}

// arrived notes that the upstream sent something, and restarts the clock of a stream
// that is under way.
func (a *attempt) arrived(out *outlet) {
	if a.record.FirstFrame == 0 {
		a.record.FirstFrame = max(a.call.h.cfg.Now().Sub(a.started), 1)
	}
	if out.isOpen() || a.last || a.record.FirstToken > 0 {
		a.clock.phase(dataplane.StreamIdle, a.Policy.StreamIdleTimeout)
	}
}

// take looks at one event and passes it on. ended means that the stream is over.
func (a *attempt) take(view *streamView, event []byte) (v dataplane.Verdict, ended bool) {
	out := &a.call.out
	kind := view.See(event, a.wantUsage)
	if k := a.streamKeyword(view); k != nil {
		if !out.isOpen() {
			return keywordVerdict(k), true
		}
		a.call.record.KeywordLate = true
	}
	switch kind {
	case wire.Failed:
		return a.judgeError(view, event), true
	case wire.Done:
		if !view.Meaningful && !view.Finished {
			return dataplane.Verdict{Outcome: dataplane.EmptyStream, Reason: "the stream ended without content"}, true
		}
		if v, failed := a.pass(event); failed {
			return v, true
		}
		out.commit()
		view.sentDone = true
		return dataplane.Verdict{Outcome: dataplane.OK}, true
	case wire.Hidden:
		return v, false
	}
	if v, failed := a.pass(event); failed {
		return v, true
	}
	if out.isOpen() {
		return v, false
	}
	if kind == wire.Meaningful && a.record.FirstToken == 0 {
		a.record.FirstToken = max(a.call.h.cfg.Now().Sub(a.started), 1)
		a.clock.phase(dataplane.StreamIdle, a.Policy.StreamIdleTimeout)
		if a.holdsText() {
			out.commitAfter(a.Policy.KeywordHold)
		}
	}
	if a.ripe(view, out) {
		out.commit()
	}
	return v, false
}

// ripe says whether the held events may go to the client.
func (a *attempt) ripe(view *streamView, out *outlet) bool {
	if out.whole != nil {
		return false
	}
	if out.full() {
		return true
	}
	return view.Meaningful && (!a.holdsText() || view.Finished || view.TextLen >= keywordChars)
}

// holdsText says whether the stream is held for failure keywords behind its first
// meaningful event.
func (a *attempt) holdsText() bool {
	return a.Keywords.HoldStream && a.Policy.KeywordHold > 0 && a.call.out.whole == nil
}

// judgeError judges an error event. Before the commit its class decides; after it the
// event goes to the client, without the provider's secrets should it hold them.
func (a *attempt) judgeError(view *streamView, event []byte) dataplane.Verdict {
	out := &a.call.out
	event = classify.Scrub(event, a.Provider.Secrets)
	text, _ := sse.Data(event)
	v, is := classify.ErrorBody(text, a.Model)
	if !is { // its type says that it failed, and nothing says why
		v = dataplane.Verdict{Outcome: dataplane.ServerError, Reason: "an event of the stream says that it failed"}
	}
	if !out.isOpen() {
		if k := a.keyword(text, a.Keywords.Error, a.Keywords.Stream); k != nil {
			return keywordInError(k, v)
		}
		a.body = bytes.Clone(text)
		return v
	}
	out.add(event)
	view.sentError = true
	return dataplane.Verdict{Outcome: dataplane.StreamError, Reason: v.Outcome.String() + ": " + v.Reason, Scope: v.Outcome.Rule().Scope}
}

// closed judges a stream that ended without [DONE]; rest tells whether bytes are left
// that make no event.
func (a *attempt) closed(ctx context.Context, view *streamView, err error, rest bool) dataplane.Verdict {
	out := &a.call.out
	if o, ok := stopped(ctx); ok {
		switch open := out.isOpen(); {
		case open && o == dataplane.FirstTokenTimeout: // held events were committed meanwhile
			o = dataplane.StreamIdle
		case !open && o == dataplane.StreamIdle:
			o = a.silence()
		}
		return dataplane.Verdict{Outcome: o}
	}
	if view.Finished && !errors.Is(err, sse.ErrTooLarge) {
		out.commit()
		return dataplane.Verdict{Outcome: dataplane.OK} // all that is missing is [DONE]
	}
	switch {
	case out.isOpen() && errors.Is(err, sse.ErrTooLarge):
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}
	case out.isOpen():
		return dataplane.Verdict{Outcome: dataplane.StreamCut, Reason: "the stream ended early"}
	case !errors.Is(err, io.EOF) || view.Meaningful:
		return readVerdict(ctx, err)
	case view.Events == 0 && rest:
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the stream held no event"}
	}
	return dataplane.Verdict{Outcome: dataplane.EmptyStream, Reason: "the stream ended without content"}
}

// endStream finishes the attempt: the end of a committed stream is [DONE] or an error
// event and a cut connection, never a clean end of half an answer.
func (a *attempt) endStream(view *streamView, v dataplane.Verdict) (dataplane.Verdict, bool) {
	out := &a.call.out
	a.record.Usage = view.Spent()
	if out.discard() {
		return v, false
	}
	if view.Usage.Source == dataplane.UsageNone {
		a.record.Usage = a.guess(int64(view.Content))
	}
	if v.Outcome == dataplane.OK {
		if !view.sentDone {
			out.add(view.Stream.End)
		}
		if err := out.flush(); err != nil && (!view.sentDone || out.whole != nil) {
			v = clientVerdict(err)
		}
		if v.Outcome == dataplane.OK {
			return a.finish(v), true
		}
	}
	switch v.Outcome {
	case dataplane.ClientClosed, dataplane.SlowClient:
		return a.finish(v), true
	}
	if !view.sentError {
		rule, schema := v.Outcome.Rule(), a.call.endpoint.Errors
		body := schema.Body(rule.Status, wire.Error{
			Message: "The provider's answer ended early: " + rule.Name + ".", Type: wire.ServerError, Code: rule.Code,
		}, a.call.record.ID)
		out.add(schema.Event(a.call.explain(body, a.ending(v)), view.Events))
	}
	_ = out.flush()
	a.finish(v)
	a.call.abort()
	return v, true
}

// drain reads the end of the body that follows [DONE], so that the connection can be
// used again; an upstream that does not end it loses the connection.
func (a *attempt) drain(ctx context.Context, body io.Reader, v dataplane.Verdict) {
	if v.Outcome != dataplane.OK || a.call.out.whole == nil && a.call.out.flush() != nil || ctx.Err() != nil {
		return
	}
	a.clock.phase(dataplane.StreamIdle, drainTime)
	_, _ = io.CopyN(io.Discard, body, drainBytes)
}

const (
	drainTime  = 20 * time.Millisecond
	drainBytes = 4 << 10
)

// wholeEvent accepts what follows the last blank line of a stream that ended cleanly, if
// only the blank line is missing.
func wholeEvent(rest []byte) []byte {
	text, ok := sse.Data(rest)
	if !ok || (!bytes.Equal(text, sse.Done) && !gjson.ValidBytes(text)) {
		return nil
	}
	return append(bytes.TrimRight(bytes.Clone(rest), "\r\n"), "\n\n"...)
}

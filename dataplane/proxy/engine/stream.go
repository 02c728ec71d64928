package engine

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
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// keywordChars is how much output text a stream is held for when failure keywords exist.
const keywordChars = 200

// stream is a stream that an attempt got back, on its way to the client.
type stream struct {
	*attempt
	seen      wire.Inspection
	echo      echoTrail
	other     *translatedStream // nil: the client gets the provider's own events
	reasons   bool              // the model has told that it reasons, and nothing else as yet
	sentDone  bool
	sentError bool
}

// stream inspects and relays a stream. Events are held until the first meaningful one, or
// longer for failure keywords; until then any failure moves on unseen. From the commit
// on the client gets this upstream's events, then its [DONE] or an error event.
func (a *attempt) stream(ctx context.Context, resp *http.Response, body io.Reader) (dataplane.Verdict, bool) {
	c := a.call
	var wait func()
	if body == resp.Body {
		wait = a.up.Waiter(resp)
	}
	events := sse.NewReader(body, wait, c.engine.cfg.Pool, &c.req.Share)
	defer events.Close()
	s := &stream{attempt: a, other: a.newTranslatedStream()}
	s.echo.follow(a.echoes(), &s.seen)
	s.seen.Stream, s.seen.Watch = a.endpoint.Stream, a.Keywords.Watch()
	s.out.begin(func() {
		a.accept(resp.Header)
		// An open stream is to hold what it needs, and no more.
		resp.Header = nil
		c.lighten()
	})
	defer s.out.close()
	for {
		for event := events.Next(); event != nil; event = events.Next() {
			if v, ended := s.take(event); ended {
				s.drain(ctx, events, v)
				return s.end(v)
			}
		}
		if err := s.out.flush(); err != nil {
			return s.end(clientVerdict(err))
		}
		err := events.Fill()
		if err == nil {
			s.arrived()
			continue
		}
		if errors.Is(err, io.EOF) {
			if last := wholeEvent(labelled(events.Rest())); last != nil {
				if v, ended := s.take(last); ended {
					return s.end(v)
				}
			}
		}
		return s.end(s.closed(ctx, err, len(events.Rest()) > 0))
	}
}

// arrived notes that the upstream sent something, and restarts the clock of a stream
// that is under way.
func (s *stream) arrived() {
	if s.record.FirstFrame == 0 {
		s.record.FirstFrame = s.sinceStart()
	}
	if s.out.isOpen() || s.clock.isLast() || s.record.FirstToken > 0 {
		s.clock.phase(dataplane.StreamIdle, s.longestSilence())
	}
}

func (s *stream) sinceStart() time.Duration {
	return max(s.call.engine.cfg.Now().Sub(s.started), 1)
}

// take looks at one event and passes it on. ended means that the stream is over.
func (s *stream) take(event []byte) (v dataplane.Verdict, ended bool) {
	event = labelled(event)
	if s.echo.follows {
		event = sse.OneLine(event) // else its data would be a copy
		s.echoes().Mask(event)
	}
	kind := s.seen.See(event, s.wantUsage && s.other == nil)
	if s.echo.follows {
		s.echo.mask(event)
	}
	if s.seen.Events <= namingEvents && s.isTraced() {
		data, _ := sse.Data(event)
		s.names(data)
	}
	if k := s.keywords.inStream(&s.seen, s.Keywords.Stream); k != nil {
		if !s.out.isOpen() {
			return keywordVerdict(k), true
		}
		s.call.rec.KeywordLate = true
	}
	if s.seen.Failure.Outcome != dataplane.OK && !s.out.isOpen() {
		return s.seen.Failure, true
	}
	switch kind {
	case wire.Failed:
		s.over = bytes.Contains(event, []byte("response.failed"))
		return s.takeError(event), true
	case wire.Done:
		s.over = true
		if !s.seen.Meaningful && !s.seen.Finished {
			return dataplane.Verdict{Outcome: dataplane.EmptyStream, Reason: "the stream ended without content"}, true
		}
		if s.seen.Empty() && s.mayBeEmpty() {
			return emptyVerdict, true
		}
		if v, failed := s.pass(event); failed {
			return v, true
		}
		if v, failed := s.passEnd(); failed {
			return v, true
		}
		s.out.commit()
		s.sentDone = true
		return dataplane.Verdict{Outcome: dataplane.OK}, true
	case wire.Hidden:
		return v, false
	}
	if v, failed := s.pass(event); failed {
		return v, true
	}
	if s.seen.Broken {
		return s.whole(), true
	}
	if s.out.isOpen() {
		return v, false
	}
	if kind == wire.Working || kind == wire.Reasoning {
		s.works(kind)
	}
	if kind == wire.Meaningful && s.record.FirstToken == 0 && !s.mayBeEmpty() {
		s.record.FirstToken = s.sinceStart()
		s.speaks.Store(true)
		s.clock.phase(dataplane.StreamIdle, s.Policy.StreamIdleTimeout)
		if s.holdsText() {
			s.out.commitAfter(s.Policy.KeywordHold)
		}
	}
	if s.mayCommit() {
		s.out.commit()
	}
	return v, false
}

// mayCommit says whether the held events may go to the client.
func (s *stream) mayCommit() bool {
	if s.out.holdsAll() {
		return false
	}
	if s.out.isFull() {
		return true
	}
	return s.seen.Meaningful && !s.mayBeEmpty() && (!s.holdsText() || s.seen.Finished || s.seen.TextLen >= keywordChars)
}

// holdsText says whether the stream is held for failure keywords behind its first
// meaningful event.
func (s *stream) holdsText() bool {
	return s.Keywords.HoldStream && s.Policy.KeywordHold > 0 && !s.out.holdsAll()
}

// pass adds an event to the client's stream, translated if need be, and tells when that cannot be.
func (s *stream) pass(event []byte) (v dataplane.Verdict, failed bool) {
	if s.other == nil {
		s.emit(event)
		return s.added()
	}
	event, err := s.other.event(event)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the stream cannot be translated: " + err.Error()}, true
	}
	return s.add(event)
}

// passEnd adds what a translated stream has at its end.
func (s *stream) passEnd() (v dataplane.Verdict, failed bool) {
	if s.other == nil {
		return v, false
	}
	return s.add(s.other.end())
}

// add adds events that are in the client's words already.
func (s *stream) add(event []byte) (v dataplane.Verdict, failed bool) {
	s.out.add(event)
	return s.added()
}

// added tells whether what was added could be held.
func (s *stream) added() (v dataplane.Verdict, failed bool) {
	s.record.Chunks++
	err := s.out.holdError()
	switch {
	case err == nil:
		return v, false
	case errors.Is(err, errFullTooLarge):
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}, true
	}
	s.call.engine.cfg.Logger.Error("failed to buffer a stream until it is complete", "request_id", s.call.rec.ID, "error", err)
	return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: "the stream could not be held until it is complete"}, true
}

// takeError classifies an error event. Before the commit its class decides; after it the
// event goes to the client, without the provider's secrets should it hold them.
func (s *stream) takeError(event []byte) dataplane.Verdict {
	event = classify.Scrub(event, s.secrets())
	text, _ := sse.Data(event)
	v, is := classify.ErrorBody(text, s.Model)
	if !is { // its type says that it failed, and nothing says why
		v = dataplane.Verdict{Outcome: dataplane.ServerError, Reason: "an event of the stream says that it failed"}
	}
	if !s.out.isOpen() {
		if k := s.keywords.in(text, s.Keywords.Error, s.Keywords.Stream); k != nil {
			return keywordInError(k, v)
		}
		s.errorBody = bytes.Clone(text)
		return v
	}
	s.passError(event, gjson.ParseBytes(text), v)
	return dataplane.Verdict{Outcome: dataplane.StreamError, Reason: v.Outcome.String() + ": " + v.Reason, Scope: v.Outcome.Rule().Scope}
}

// closed classifies a stream that ended without [DONE]; rest tells whether bytes are left
// that make no event.
func (s *stream) closed(ctx context.Context, err error, rest bool) dataplane.Verdict {
	open := s.out.isOpen()
	if o, ok := stopped(ctx); ok {
		switch {
		case open && o == dataplane.FirstTokenTimeout: // held events were committed meanwhile
			o = dataplane.StreamIdle
		case !open && o == dataplane.StreamIdle:
			o = s.silence()
		}
		return dataplane.Verdict{Outcome: o, Reason: s.waitedFor(o)}
	}
	if errors.Is(err, sse.ErrBudget) { // too large for what is left: the next one may send less
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}
	}
	if s.seen.Finished && !errors.Is(err, sse.ErrTooLarge) {
		if s.seen.Empty() && s.mayBeEmpty() && !open {
			return emptyVerdict
		}
		if v, failed := s.passEnd(); failed {
			return v
		}
		s.sentDone = s.other != nil
		s.out.commit()
		return dataplane.Verdict{Outcome: dataplane.OK} // all that is missing is [DONE]
	}
	switch open := s.out.isOpen(); {
	case open && errors.Is(err, sse.ErrTooLarge):
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}
	case open:
		return dataplane.Verdict{Outcome: dataplane.StreamCut, Reason: "the stream ended early"}
	case !errors.Is(err, io.EOF) || s.seen.Meaningful:
		return readVerdict(ctx, err)
	case s.seen.Events == 0 && rest:
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the stream held no event"}
	}
	return dataplane.Verdict{Outcome: dataplane.EmptyStream, Reason: "the stream ended without content"}
}

// silence is the outcome of a stream that went silent before its commit: before its first
// token, or somewhere in the answer that was to be held to its end.
func (s *stream) silence() dataplane.Outcome {
	if s.out.holdsAll() && s.record.FirstToken > 0 {
		return dataplane.ResponseTimeout
	}
	return dataplane.FirstTokenTimeout
}

// end finishes the attempt: the end of a committed stream is [DONE] or an error event, never
// the bare end of half an answer.
func (s *stream) end(v dataplane.Verdict) (dataplane.Verdict, bool) {
	s.record.Usage, s.received = s.seen.Spent(), s.seen.Output
	if s.out.discard() {
		return v, false
	}
	s.record.Usage = s.call.req.settle(s.record.Usage, s.seen.Output)
	if v.Outcome == dataplane.OK {
		if v = s.endWhole(v); v.Outcome == dataplane.OK {
			return s.finish(s.whole()), true
		}
	}
	switch v.Outcome {
	case dataplane.ClientClosed, dataplane.SlowClient:
		return s.finish(v), true
	}
	if !s.sentError {
		s.out.add(s.errorEvent(v))
	}
	_ = s.out.flush()
	return s.finish(v), true
}

// whole is the verdict on a stream that came to its end: the provider may have ended it with
// a reason that is a failure, which the client has seen.
func (s *stream) whole() dataplane.Verdict {
	if f := s.seen.Failure; f.Outcome != dataplane.OK {
		return dataplane.Verdict{Outcome: dataplane.StreamError, Reason: f.Outcome.String() + ": " + f.Reason, Scope: f.Outcome.Rule().Scope}
	}
	return dataplane.Verdict{Outcome: dataplane.OK}
}

// endWhole writes the end of a whole stream, or tells why it cannot.
func (s *stream) endWhole(v dataplane.Verdict) dataplane.Verdict {
	if !s.sentDone {
		s.out.add(s.seen.Stream.End)
	}
	if err := s.out.flush(); err != nil && (!s.sentDone || s.out.holdsAll()) {
		return clientVerdict(err)
	}
	return v
}

// drain reads the end of the body that follows [DONE], so that the connection can be
// used again; an upstream that does not end it loses the connection. Some tell the usage there.
func (s *stream) drain(ctx context.Context, events *sse.Reader, v dataplane.Verdict) {
	if v.Outcome != dataplane.OK || !s.out.holdsAll() && s.out.flush() != nil || ctx.Err() != nil {
		return
	}
	s.clock.phase(dataplane.StreamIdle, drainTime)
	for range drainReads {
		for event := events.Next(); event != nil; event = events.Next() {
			s.seen.Behind(event)
		}
		if events.Fill() != nil {
			s.seen.Behind(events.Rest())
			return
		}
	}
}

const (
	drainTime  = 20 * time.Millisecond
	drainReads = 4
)

// labelled makes an event of an error that stands bare in a stream, as JSON without "data:".
func labelled(event []byte) []byte {
	if len(event) == 0 || event[0] != '{' {
		return event
	}
	if _, is := classify.ErrorBody(bytes.TrimSpace(event), ""); !is {
		return event
	}
	return sse.Event(bytes.TrimSpace(event))
}

// wholeEvent accepts what follows the last blank line of a stream that ended cleanly, if
// only the blank line is missing.
func wholeEvent(rest []byte) []byte {
	text, ok := sse.Data(rest)
	if !ok || (!bytes.Equal(text, sse.Done) && !scan.Valid(text)) {
		return nil
	}
	return append(bytes.TrimRight(bytes.Clone(rest), "\r\n"), "\n\n"...)
}

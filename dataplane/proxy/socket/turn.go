package socket

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// take answers one message. The error means that nothing can be sent any more; an ending, that the
// connection ends behind the answer.
func (s *session) take(ctx context.Context, m *message) (ending, error) {
	defer m.body.Release()
	if m.err != nil {
		return s.unread(m)
	}
	if m.then != gone {
		return m.then, nil
	}
	c, err := read(m.body.JSON)
	if err != nil {
		return gone, s.refuse(err, c.lane)
	}
	switch {
	case c.event == responseProcessed:
		return gone, nil
	case c.event != responseCreate:
		return gone, s.send(refusal(http.StatusBadRequest, wire.Error{
			Message: "The event type " + quote(c.event) + " is not supported here; send " + responseCreate + ".",
			Type:    wire.InvalidRequest, Param: "type", Code: "unknown_event_type",
		}, c.lane))
	case time.Since(s.began) > s.cfg.Age:
		return agedEnd, s.send(refusal(http.StatusBadRequest, wire.Error{
			Message: "Responses websocket connection limit reached (" + minutes(s.cfg.Age) + "). Create a new websocket connection to continue.",
			Type:    wire.InvalidRequest, Code: "websocket_connection_limit_reached",
		}, c.lane))
	}
	base := s.memory.find(c.previous)
	if base == nil && c.previous != "" && c.unstored { // nobody else can know it
		return gone, s.send(refusal(http.StatusBadRequest, wire.Error{
			Message: "Previous response with id " + quote(c.previous) + " not found.",
			Type:    wire.InvalidRequest, Param: "previous_response_id", Code: "previous_response_not_found",
		}, c.lane))
	}
	if base == nil {
		base = &conversation{behind: c.previous}
	}
	if c.warmUp {
		return gone, s.warmUp(&c, base, &m.body)
	}
	return s.create(ctx, &c, base, &m.body)
}

// create serves a turn as the request that it would be by HTTP.
func (s *session) create(ctx context.Context, c *create, base *conversation, from *body.Body) (ending, error) {
	parts, err := c.body(base)
	if err != nil {
		return gone, s.refuse(err, c.lane)
	}
	a := &answer{s: s, lane: c.lane, header: http.Header{}, out: output{limit: s.cfg.Bodies.Max}}
	if !s.answer(a, s.turn(ctx, parts, from.Taken()+base.taken)) {
		return brokenEnd, nil
	}
	if ctx.Err() != nil {
		return gone, ctx.Err()
	}
	if err := a.end(); err != nil {
		return gone, err
	}
	if a.out.id != "" {
		from.HandOver() // to what is kept of it
		s.remember(c, base, &a.out)
	}
	return gone, nil
}

// answer has the turn's request answered; false means that the answer was cut off on purpose.
func (s *session) answer(a *answer, r *http.Request) (whole bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			whole = false
		default:
			panic(p)
		}
	}()
	s.cfg.Handler.ServeHTTP(a, r)
	return true
}

// remember keeps what the next turn can go on from.
func (s *session) remember(c *create, base *conversation, out *output) {
	input, err := c.items()
	switch {
	case out.stored:
		s.memory.kept(c.lane, out.id)
	case err == nil && out.fits():
		s.memory.keep(c.lane, out.id, base, input, out.input())
	}
}

// warmUp keeps the input for the turn that will go on from it. There is nothing that a provider
// could prepare for that by HTTP, so none is asked.
func (s *session) warmUp(c *create, base *conversation, from *body.Body) error {
	input, err := c.items()
	if err != nil {
		return s.refuse(err, c.lane)
	}
	id := "resp_" + strings.ReplaceAll(s.cfg.NewID(), "-", "")
	from.HandOver()
	s.memory.keep(c.lane, id, base, input)
	for _, event := range warmedUp(id, c.model, time.Now()) {
		if err := s.send(inLane(event, c.lane)); err != nil {
			return err
		}
	}
	return nil
}

// refuse answers a message that is not what it should be.
func (s *session) refuse(err error, lane string) error {
	e := wire.Error{Message: err.Error(), Type: wire.InvalidRequest, Code: "invalid_request"}
	if bad, is := errors.AsType[*scan.Error](err); is {
		e.Param = bad.Param
	}
	return s.send(refusal(http.StatusBadRequest, e, lane))
}

// unread answers for a message that could not be read whole.
func (s *session) unread(m *message) (ending, error) {
	unread, is := errors.AsType[*body.Error](m.err)
	if !is {
		return gone, m.err
	}
	busy, full := dataplane.GatewayBusy.Rule(), dataplane.KeyLimited.Rule()
	e, status := wire.Error{Message: "Too many large requests are being served.", Type: busy.Type, Code: busy.Code}, busy.Status
	switch unread.Kind {
	case body.TooLarge:
		status = http.StatusRequestEntityTooLarge
		e = wire.Error{Message: "The message is larger than " + strconv.FormatInt(s.cfg.Bodies.Max, 10) + " bytes.", Type: wire.InvalidRequest, Code: "request_too_large"}
	case body.ShareSpent:
		status = full.Status
		e = wire.Error{Message: "API key '" + s.key.Name + "' has too many large requests in flight.", Type: full.Type, Code: "request_memory_exceeded"}
	case body.BudgetSpent:
	default: // the client left, or is too slow
		return gone, m.err
	}
	return m.then, s.send(refusal(status, e, ""))
}

// minutes writes a time as the API does.
func minutes(d time.Duration) string {
	return strconv.FormatFloat(d.Minutes(), 'g', 3, 64) + " minutes"
}

package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
)

// maxWaiting is how many messages may wait for the response before them.
const maxWaiting = 16

// session is one connection. Three goroutines belong to it: the one that runs it answers one message
// after another and is the only one that sends any; one reads; one pings.
type session struct {
	cfg     *Config
	key     *dataplane.APIKey
	conn    *websocket.Conn
	net     net.Conn
	request http.Request // what each turn's request is made of
	share   *body.Share
	memory  memory
	began   time.Time
	idle    time.Duration
	brief   atomic.Bool // it ends behind the turn that runs

	waiting chan message
	writing atomic.Bool // a message is being sent
	left    context.CancelFunc
	quit    chan struct{} // closed when it is to end
	once    sync.Once
	why     ending // set before quit is closed
}

// ending is how a connection is closed; code 0: without a word, since nobody is there.
type ending struct {
	code   websocket.StatusCode
	reason string
}

// Why connections are closed. Clients that reconnect by themselves do so at going away.
var (
	gone        = ending{}
	idleEnd     = ending{websocket.StatusGoingAway, "nothing was asked for too long"}
	agedEnd     = ending{websocket.StatusGoingAway, "the connection is too old"}
	drainingEnd = ending{websocket.StatusGoingAway, "this node of the gateway is stopping"}
	revokedEnd  = ending{websocket.StatusPolicyViolation, "the API key was revoked"}
	crowdedEnd  = ending{websocket.StatusPolicyViolation, "too many messages are waiting"}
	binaryEnd   = ending{websocket.StatusUnsupportedData, "messages must be text"}
	largeEnd    = ending{websocket.StatusMessageTooBig, "the message is too large"}
	busyEnd     = ending{websocket.StatusTryAgainLater, "too many large requests are being served"}
	brokenEnd   = ending{websocket.StatusInternalError, "the answer was cut off"}
)

// message is what came from the client, or why it cannot be taken.
type message struct {
	body body.Body
	err  error
	then ending // behind the error
}

// end ends the connection, behind the turn that runs.
func (s *session) end(why ending) {
	s.once.Do(func() {
		s.why = why
		close(s.quit)
	})
}

// run serves the connection until it ends.
func (s *session) run(server context.Context) {
	ctx, left := context.WithCancel(server)
	s.left = left
	var own sync.WaitGroup
	defer func() { // also when a turn panics
		own.Wait()
		for m := range s.waiting {
			m.body.Release()
		}
		s.memory.release()
	}()
	defer s.conn.CloseNow()
	defer left()
	own.Go(s.read)
	own.Go(func() { s.ping(ctx) })
	why := s.serve(ctx)
	if server.Err() != nil {
		why = drainingEnd
	}
	left()
	if why == gone {
		_ = s.conn.CloseNow()
	} else {
		_ = s.conn.Close(why.code, why.reason) // with a client that does not answer it is over in 5 s
	}
}

// serve answers messages in their order.
func (s *session) serve(ctx context.Context) ending {
	quiet := time.NewTimer(s.idle)
	defer quiet.Stop()
	for {
		select {
		case <-s.quit:
			return s.why
		default:
		}
		quiet.Reset(s.idle)
		select {
		case <-s.quit:
			return s.why
		case <-ctx.Done():
			return gone
		case <-quiet.C:
			return idleEnd
		case m, open := <-s.waiting:
			if !open {
				return gone
			}
			why, err := s.take(ctx, &m)
			switch {
			case err != nil:
				return gone
			case why != gone:
				return why
			case s.brief.Load():
				return drainingEnd
			}
		}
	}
}

// read takes messages off the connection until it is closed.
func (s *session) read() {
	defer close(s.waiting)
	for {
		kind, in, err := s.conn.Reader(context.Background()) // CloseNow ends it
		if err != nil {
			s.left()
			return
		}
		m := s.receive(kind, in)
		select {
		case s.waiting <- m:
		default:
			m.body.Release()
			s.end(crowdedEnd)
		}
		if m.err != nil || m.then != gone {
			s.discard(in)
			return
		}
	}
}

// discard reads on behind a message that cannot be taken: the turn before it may run for long, and
// without its pongs the client would seem to be gone.
func (s *session) discard(in io.Reader) {
	_ = s.net.SetReadDeadline(time.Time{}) // the message's
	for err := error(nil); err == nil; {
		if _, err = io.Copy(io.Discard, in); err == nil {
			_, in, err = s.conn.Reader(context.Background())
		}
	}
	s.left()
}

// receive reads one message, no slower and no larger than a request may be.
func (s *session) receive(kind websocket.MessageType, in io.Reader) (m message) {
	if kind != websocket.MessageText {
		return message{then: binaryEnd}
	}
	m.body, m.err = s.cfg.Bodies.Message(deadlines{conn: s.net}, in, s.share)
	unread, is := errors.AsType[*body.Error](m.err)
	switch {
	case !is:
	case unread.Kind == body.TooLarge:
		m.then = largeEnd
	case unread.Kind == body.BudgetSpent, unread.Kind == body.ShareSpent:
		m.then = busyEnd
	}
	return m
}

// deadlines is the connection for whoever reads a body.
type deadlines struct {
	http.ResponseWriter
	conn net.Conn
}

// SetReadDeadline is what http.ResponseController looks for.
func (d deadlines) SetReadDeadline(t time.Time) error { return d.conn.SetReadDeadline(t) }

// ping finds out whether the client is still there, and keeps what is between from forgetting it.
func (s *session) ping(ctx context.Context) {
	every := time.NewTicker(s.cfg.Ping)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if s.writing.Load() { // which has its own time, and a ping would wait for it
			continue
		}
		pong, cancel := context.WithTimeout(ctx, s.cfg.Slow)
		err := s.conn.Ping(pong)
		cancel()
		if err != nil && !s.writing.Load() {
			s.left()
			s.end(gone)
			return
		}
	}
}

// send sends one message. A client that does not take it in time is cut.
func (s *session) send(event []byte) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	_ = s.net.SetWriteDeadline(time.Now().Add(s.cfg.Slow))
	err := s.conn.Write(context.Background(), websocket.MessageText, event)
	_ = s.net.SetWriteDeadline(time.Time{}) // pings and the end have their own time
	return err
}

// turn is the request of one turn; counted says how many bytes of the share are taken for its parts.
func (s *session) turn(ctx context.Context, parts net.Buffers, counted int64) *http.Request {
	r := s.request.WithContext(ctx)
	r.Method, r.URL = http.MethodPost, &url.URL{Path: "/v1/responses"}
	r.ContentLength = sizeOf(parts)
	r.Body = &body.Counted{Reader: &parts, Bytes: counted}
	return r
}

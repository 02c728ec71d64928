// Package socket speaks the Responses API over a WebSocket, as OpenAI's and Codex do. It is a way in
// and no more: each response.create becomes the POST /v1/responses that it would be by HTTP, goes to
// the same handler, and each event of the answer becomes one message. Authentication, limits,
// failover and records are the handler's, separately for each turn.
//
//	socket.go        the connections of a node
//	session.go       one connection: reading, pinging, one turn after another
//	turn.go          one message of the client, and its answer
//	create.go        a response.create taken apart, and made a request of
//	answer.go        the response writer that sends events as messages; events.go words errors
//	conversation.go  what previous_response_id may name; output.go gathers it
//
// A client sends only what is new and the id of the response before it. A response that its provider
// does not keep (store is false) is kept here, on its connection: its items go before the new ones,
// so any provider can answer the next turn. As at OpenAI that is the last response of each stream_id,
// in memory, and gone with the connection.
package socket

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
)

// Config is complete when every field is set.
type Config struct {
	// Handler answers the turns, each as a request of its own.
	Handler http.Handler
	Bodies  *body.Limits
	NewID   func() string
	// Revoked reports whether connections of a key must end.
	Revoked func(*dataplane.APIKey) bool
	// Idle is after how long without a turn a connection is closed, Age after how long no turn
	// begins on it any more.
	Idle, Age time.Duration
	// Ping is how often the client is asked for a sign of life, Slow how long it may take for that
	// and to take one message.
	Ping, Slow time.Duration
}

// briefly is how long a connection that comes to a node that drains may be without a turn.
const briefly = 5 * time.Second

// Sockets are the connections of a node. It is safe for concurrent use.
type Sockets struct {
	cfg      Config
	draining atomic.Bool
	count    atomic.Int64

	mu    sync.Mutex
	open  map[*session]struct{} // guarded by mu
	byKey map[string]int        // connections by the name of their key; guarded by mu
}

// New returns the connections of a node: none yet.
func New(cfg Config) *Sockets {
	return &Sockets{cfg: cfg, open: map[*session]struct{}{}, byKey: map[string]int{}}
}

// Open is how many there are.
func (s *Sockets) Open() int { return int(s.count.Load()) }

// Enter counts a connection of a key; false means that it has as many as it may. Leave must follow.
func (s *Sockets) Enter(key *dataplane.APIKey, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key.Name] >= most {
		return false
	}
	s.byKey[key.Name]++
	return true
}

// Leave ends what Enter began.
func (s *Sockets) Leave(key *dataplane.APIKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key.Name]--; s.byKey[key.Name] <= 0 {
		delete(s.byKey, key.Name)
	}
}

// Serve upgrades a request that was checked, and serves its connection until that ends. What the key
// may hold is taken from the share.
func (s *Sockets) Serve(w http.ResponseWriter, r *http.Request, key *dataplane.APIKey, share body.Share) {
	h := &hijacked{ResponseWriter: w}
	// The origin was checked. Compression is off: it would cost memory for each connection, and let
	// a small message become a large one.
	conn, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(-1) // Bodies does that
	one := &session{
		cfg: &s.cfg, key: key, conn: conn, net: h.conn, request: template(r), share: &share,
		memory: memory{share: &share, limit: s.cfg.Bodies.Max},
		began:  time.Now(), idle: s.cfg.Idle, waiting: make(chan message, maxWaiting), quit: make(chan struct{}),
	}
	s.add(one)
	defer s.remove(one)
	one.run(r.Context())
}

// hijacked keeps the connection that was taken over.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	conn, rw, err = http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

// template is what the requests of all turns have in common with the one that was upgraded.
func template(r *http.Request) http.Request {
	header := r.Header.Clone()
	for _, name := range []string{
		"Upgrade", "Connection", "Origin", "Content-Encoding", "Content-Length", "Expect",
		"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
	} {
		delete(header, name)
	}
	header["Content-Type"] = []string{"application/json"}
	return http.Request{
		Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: header,
		Host: r.Host, RemoteAddr: r.RemoteAddr, TLS: r.TLS,
	}
}

func (s *Sockets) add(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[one] = struct{}{}
	s.count.Add(1)
	if s.draining.Load() {
		one.brief.Store(true)
		one.idle = briefly
	}
	if s.cfg.Revoked(one.key) { // since it was let in
		one.end(revokedEnd)
	}
}

func (s *Sockets) remove(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one)
	s.count.Add(-1)
}

// Drain ends the connections, each behind the turn that runs, so that their clients go elsewhere;
// those that come meanwhile are served one turn. False ends that.
func (s *Sockets) Drain(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining.Store(on)
	for one := range s.open {
		if on {
			one.end(drainingEnd)
		}
	}
}

// EndRevoked ends the connections whose key is revoked, each behind the turn that runs.
func (s *Sockets) EndRevoked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		if s.cfg.Revoked(one.key) {
			one.end(revokedEnd)
		}
	}
}

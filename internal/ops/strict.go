package ops

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/internal/linger"
)

// strict makes net/http refuse, with 400, requests that another server on the way could
// read differently: with both a Content-Length and a Transfer-Encoding, with either of them
// twice, or with folded header lines. net/http itself accepts these and leaves no trace of
// them, so they are seen here: each connection's bytes are followed from head to head, and
// what is refused gets a byte that no header may hold.
//
// early words the answers of net/http itself to what never reaches a handler, see Server; nil: they
// stay as they are.
func strict(ln net.Listener, early Early) net.Listener { return strictListener{ln, early} }

type strictListener struct {
	net.Listener
	early Early
}

// Accept gives connections that are watched.
func (l strictListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &strictConn{Conn: c, early: l.early}, nil
}

// strictConn is read by one goroutine at a time, as net/http does.
type strictConn struct {
	net.Conn
	heads heads
	early Early
	// lingered says that the connection ends, and its client has had its time.
	lingered bool
	// last is set after the last answer; nil: another request may follow, or net/http sees to the end.
	last atomic.Pointer[farewell]
	// switched says that what follows is no HTTP: a WebSocket. It is set where a handler takes the
	// connection over, see upgrades, and never by what is written, which a client may have chosen.
	switched atomic.Bool
}

// Read reads from the connection.
func (c *strictConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.switched.Load() {
		c.heads.see(b[:n])
	}
	return n, err
}

// Write writes to the connection.
func (c *strictConn) Write(b []byte) (int, error) {
	if c.early == nil || !bytes.HasPrefix(b, earlyBegin) {
		return c.Conn.Write(b)
	}
	answer := c.early.answer(c.heads.requestLine(), b)
	if answer == nil {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(b), c.CloseWrite() // net/http does so behind some of its answers only
}

// CloseWrite is called behind an answer that came before the whole request. It takes the rest of that off the
// connection, which is closed then.
func (c *strictConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || c.lingered {
		return nil
	}
	c.lingered = true
	if err := half.CloseWrite(); err != nil {
		return err
	}
	linger.Default.Rest(rest{c}, func(t time.Time) { _ = c.SetReadDeadline(t) }) // a closed connection says so when it is read
	return nil
}

// Close closes the connection. After the last answer net/http calls it from where it has read, and reads no more.
func (c *strictConn) Close() error {
	if f := c.last.Swap(nil); f != nil && f.requests.Err() == nil && !c.heads.between() {
		_ = c.CloseWrite() // if the client has gone, there is nobody to wait for
	}
	return c.Conn.Close()
}

// farewell has a connection end in an orderly way that its client asked to close after the answer, as urllib always
// does: net/http closes it at once then, whatever is left of the request, and the client that still writes would see
// a reset in place of the answer.
type farewell struct {
	next     http.Handler
	requests context.Context // ends when connections are closed from elsewhere
}

// ServeHTTP implements http.Handler.
func (f *farewell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.next.ServeHTTP(w, r)
	if c := connOf(r.Context()); c != nil && r.Close && !c.switched.Load() {
		c.last.Store(f)
	}
}

// rest is what is left of a request.
type rest struct{ *strictConn }

// Read implements io.Reader.
func (r rest) Read(b []byte) (int, error) {
	if r.heads.between() {
		return 0, io.EOF
	}
	return r.strictConn.Read(b)
}

type connKey struct{}

// withConn keeps a request's connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(*strictConn); ok {
		return context.WithValue(ctx, connKey{}, s)
	}
	return ctx
}

// connOf is the connection of a request; nil: it came some other way.
func connOf(ctx context.Context) *strictConn {
	c, _ := ctx.Value(connKey{}).(*strictConn)
	return c
}

// place is where in a connection's requests the next byte belongs.
type place uint8

const (
	inRequestLine place = iota
	atLine              // the first byte of a header line, or of the empty one
	inName
	inValue
	inBody
	inChunkSize
	inChunk
	atTrailer // as atLine, behind the last chunk
	inTrailer
	unseen // what follows is HTTP/2, or nothing that net/http accepts
)

// refused replaces a byte of a head, which net/http then answers with 400.
const refused = 0

// The headers that say where a body ends; the longer one bounds what is kept of a name.
const (
	lengthName   = "content-length"
	encodingName = "transfer-encoding"
)

// heads follows the requests of one connection.
type heads struct {
	place place
	// Of the line so far: its beginning, or the value of a header that counts.
	kept [len(encodingName) + 4]byte
	n    int // may be more than kept holds
	// first is the beginning of the request line.
	first [len(encodingName) + 4]byte
	// Of the head so far.
	length, encoding int // how often they were sent
	size             int64
	counts, chunked  bool
	left             int64 // of a body or chunk
	bare             bool  // the chunk's size has no extension yet
}

// see follows b, and spoils what is to be refused.
func (h *heads) see(b []byte) {
	for i := 0; i < len(b); {
		c := b[i]
		switch h.place {
		case unseen:
			return
		case inBody, inChunk:
			n := min(h.left, int64(len(b)-i))
			i += int(n)
			if h.left -= n; h.left == 0 && h.place == inBody {
				h.begin()
			} else if h.left == 0 {
				h.place, h.bare = inChunkSize, true
			}
			continue
		case inTrailer:
			at := bytes.IndexByte(b[i:], '\n')
			if at < 0 {
				return
			}
			i += at
			h.place = atTrailer
		case inValue:
			if !h.counts {
				at := bytes.IndexByte(b[i:], '\n')
				if at < 0 {
					return
				}
				i += at
				h.place = atLine
				break
			}
			if c == '\n' {
				h.value()
				h.place = atLine
			} else {
				h.keep(c)
			}
		case inRequestLine:
			switch {
			case c != '\n':
				h.keep(c)
			case h.n == len("PRI * HTTP/2.0\r") && string(h.kept[:4]) == "PRI ":
				h.place = unseen
			default:
				h.place, h.first = atLine, h.kept
			}
		case atLine:
			if c == ' ' || c == '\t' {
				b[i], h.place = refused, unseen
				return
			}
			h.line(c)
		case inName:
			switch {
			case c == '\n':
				h.place = unseen // no colon: net/http refuses it
			case c != ':':
				h.keep(c | 0x20) // in lower case, if it is a letter
			case h.name():
				h.place, h.n = inValue, 0
			default:
				b[i], h.place = refused, unseen
				return
			}
		case inChunkSize:
			h.chunkSize(c)
		case atTrailer:
			h.trailer(c)
		}
		i++
	}
}

// requestLine is the beginning of the request's first line.
func (h *heads) requestLine() string { return string(bytes.TrimRight(h.first[:], "\x00\r")) }

func (h *heads) keep(c byte) {
	if h.n < len(h.kept) {
		h.kept[h.n] = c
	}
	h.n++
}

// between says that all of a request has come, and nothing of another.
func (h *heads) between() bool { return h.place == inRequestLine && h.n == 0 }

// begin waits for the next request.
func (h *heads) begin() { *h = heads{first: h.first} }

// line begins a header line, or ends the head.
func (h *heads) line(c byte) {
	switch c {
	case '\r': // of the empty line; any other use of it is refused by net/http
	case '\n':
		h.body()
	default:
		h.place, h.n, h.counts = inName, 0, false
		h.keep(c | 0x20)
	}
}

// name is at the colon; false means that the header may not be there.
func (h *heads) name() bool {
	if h.n > len(h.kept) {
		return true
	}
	switch string(h.kept[:h.n]) {
	case lengthName:
		h.length++
	case encodingName:
		h.encoding++
	default:
		return true
	}
	h.counts = true
	return h.length+h.encoding == 1
}

// value is at the end of one of the two headers that count.
func (h *heads) value() {
	if h.n > len(h.kept) {
		h.size = -1
		return
	}
	text := bytes.Trim(h.kept[:h.n], " \t\r")
	if h.encoding > 0 {
		h.chunked = bytes.EqualFold(text, []byte("chunked"))
		return
	}
	size, err := strconv.ParseUint(string(text), 10, 63)
	if h.size = int64(size); err != nil {
		h.size = -1
	}
}

// body is behind the head.
func (h *heads) body() {
	switch {
	case h.encoding > 0 && h.chunked:
		h.place, h.left, h.bare = inChunkSize, 0, true
	case h.encoding > 0 || h.size < 0:
		h.place = unseen // net/http refuses it
	case h.size > 0:
		h.place, h.left = inBody, h.size
	default:
		h.begin()
	}
}

func (h *heads) chunkSize(c byte) {
	digit := strings.IndexByte("0123456789abcdef", c|0x20)
	switch {
	case h.bare && digit >= 0 && h.left >= 1<<50:
		h.place = unseen
	case h.bare && digit >= 0:
		h.left = h.left<<4 | int64(digit)
	case c != '\n':
		h.bare = false // an extension, or the line's end
	case h.left == 0:
		h.place = atTrailer
	default:
		h.place, h.left = inChunk, h.left+int64(len("\r\n"))
	}
}

func (h *heads) trailer(c byte) {
	switch c {
	case '\r':
	case '\n':
		h.begin()
	default:
		h.place = inTrailer
	}
}

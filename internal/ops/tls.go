package ops

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/internal/linger"
)

// hsts makes browsers that have seen it come over TLS only, for a year.
const hsts = "max-age=31536000"

// secureListener speaks TLS below the strict reader, which must see requests in clear. The handshake
// takes place when the first request is read, under the bound for its headers.
type secureListener struct {
	net.Listener
	config *tls.Config
	early  Early
}

// Accept gives connections that speak TLS.
func (l secureListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return secureConn{tls.Server(c, l.config), l.early}, nil
}

// secureConn answers a client that speaks HTTP in clear.
type secureConn struct {
	*tls.Conn
	early Early
}

// Read reads from the connection.
func (c secureConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if wrong, ok := errors.AsType[tls.RecordHeaderError](err); ok && wrong.Conn != nil {
		c.refuseClear(wrong.Conn)
	}
	return n, err
}

// StatusNotTLS stands for a request in clear where TLS is spoken, as it does at nginx. It is sent as 400.
const StatusNotTLS = 497

// refuseClear answers in clear, and takes the rest of the request off the connection.
func (c secureConn) refuseClear(conn net.Conn) {
	media, body := "text/plain", []byte("this port speaks HTTPS; use https://\n")
	if c.early != nil {
		media, body = "application/json", c.early("", StatusNotTLS)
	}
	_, err := fmt.Fprintf(conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", media, len(body), body)
	if half, ok := conn.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
		linger.Default.Rest(conn, func(t time.Time) { _ = conn.SetReadDeadline(t) })
	}
}

// secured tells requests that they came over TLS, as net/http does where it speaks TLS itself.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r.Context()); c != nil {
			if secure, ok := c.Conn.(secureConn); ok {
				state := secure.ConnectionState()
				r.TLS = &state
				w.Header().Set("Strict-Transport-Security", hsts)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// secure makes srv speak TLS on ln. Whoever has agreed on HTTP/2 in the handshake speaks it.
func (s Server) secure(srv *http.Server, ln net.Listener) net.Listener {
	if s.TLS == nil {
		return ln
	}
	srv.Handler = secured(srv.Handler)
	srv.Protocols.SetUnencryptedHTTP2(slices.Contains(s.TLS.NextProtos, "h2"))
	return secureListener{ln, s.TLS, s.Early}
}

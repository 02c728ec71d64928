package ops

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
)

// hsts makes browsers that have seen it come over TLS only, for a year.
const hsts = "max-age=31536000"

// secureListener speaks TLS below the strict reader, which must see requests in clear. The handshake
// takes place when the first request is read, under the bound for its headers.
type secureListener struct {
	net.Listener
	config *tls.Config
}

// Accept gives connections that speak TLS.
func (l secureListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return secureConn{tls.Server(c, l.config)}, nil
}

// secureConn answers a client that speaks HTTP in clear.
type secureConn struct{ *tls.Conn }

// Read reads from the connection.
func (c secureConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if wrong, ok := errors.AsType[tls.RecordHeaderError](err); ok && wrong.Conn != nil {
		_, _ = io.WriteString(wrong.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nthis port speaks HTTPS; use https://\n")
	}
	return n, err
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
	srv.Handler = secured(s.Handler)
	srv.Protocols.SetUnencryptedHTTP2(slices.Contains(s.TLS.NextProtos, "h2"))
	return secureListener{ln, s.TLS}
}

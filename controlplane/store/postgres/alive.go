package postgres

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

// trustedFor is how long an idle connection counts as alive while its socket shows nothing else.
const trustedFor = 10 * time.Second

// mustPing reports whether it takes a round trip to see that a connection lives before it is used again: a server that
// restarted must not fail one operation per connection. A server that ends a connection sends an error or closes it,
// which the socket shows without a round trip; a connection that a firewall has forgotten has been idle for long.
func mustPing(_ context.Context, p stdlib.ShouldPingParams) bool {
	conn := p.Conn.PgConn().Conn()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	socket := rawsocket.Of(conn)
	return p.IdleDuration > trustedFor || socket == nil || socket.Look() != rawsocket.Quiet
}

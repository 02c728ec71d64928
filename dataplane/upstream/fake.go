package upstream

import (
	"context"
	"net"
	"net/url"
)

// Fake is the dialect of the built-in scripted upstream: OpenAI's, over connections that
// dial hands out instead of the network.
func Fake(dial func(ctx context.Context, network, address string) (net.Conn, error)) Dialect {
	d := OpenAI()
	d.Dial = dial
	d.DefaultBase = &url.URL{Scheme: "http", Host: "fake.invalid", Path: "/v1"}
	return d
}

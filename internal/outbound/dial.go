package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
)

// ErrProxy is in the chain of an error of a proxy: it was not reached, or did not connect.
var ErrProxy = errors.New("proxy")

// proxyHead bounds what a proxy may answer to CONNECT, in bytes.
const proxyHead = 16 << 10

// Dial connects to the provider: through the proxy if there is one, otherwise with direct. The address
// of the proxy is judged when it is dialled. What is known of the target's is judged too, with
// targetPrivate: an address in its place, and the names of this machine and of metadata services. Other names
// are resolved by the proxy, for where there is one, often nobody else can.
func (c Config) Dial(direct DialFunc, allPrivate, targetPrivate bool) (DialFunc, error) {
	if c.Proxy == "" {
		return direct, nil
	}
	via, err := ParseProxy(c.Proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	toProxy := addrguard.Dial(allPrivate || c.ProxyPrivate)
	connect := c.overHTTP(via, toProxy)
	if via.Scheme == "socks5" {
		if connect, err = c.overSOCKS(via, toProxy); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := judge(address, allPrivate || targetPrivate); err != nil {
			return nil, err
		}
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, proxyFault(err)
		}
		return conn, nil
	}, nil
}

// proxyFault says that the proxy is at fault. An address that is not allowed is the proxy's own.
func proxyFault(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return err
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("%w: %w", ErrProxy, err)}
}

// localNames are names of this machine and of metadata services, with their subdomains.
var localNames = []string{"localhost", "metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"}

func judge(address string, private bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(name); err == nil {
		if !addrguard.Allowed(addr, private) {
			return fmt.Errorf("%w: %s", addrguard.ErrBlocked, addr)
		}
		return nil
	}
	for i, local := range localNames {
		if (name == local || strings.HasSuffix(name, "."+local)) && (i > 0 || !private) {
			return fmt.Errorf("%w: %s", addrguard.ErrBlocked, name)
		}
	}
	// What some resolvers take for an address: 127.1, 0x7f000001, 2130706433.
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" || last[0] >= '0' && last[0] <= '9' {
		return fmt.Errorf("%w: %s", addrguard.ErrBlocked, name)
	}
	return nil
}

func (c Config) overSOCKS(via *url.URL, toProxy DialFunc) (DialFunc, error) {
	var auth *proxy.Auth
	if c.ProxyUsername != "" {
		auth = &proxy.Auth{User: c.ProxyUsername, Password: c.ProxyPassword}
	}
	dialer, err := proxy.SOCKS5("tcp", via.Host, auth, forward(toProxy))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	contextual, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("proxy: SOCKS5 without a context")
	}
	return contextual.DialContext, nil
}

// forward is how the SOCKS5 client reaches the proxy.
type forward DialFunc

func (f forward) Dial(network, address string) (net.Conn, error) {
	return f(context.Background(), network, address)
}

func (f forward) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

// overHTTP tunnels with CONNECT, whatever the scheme of the provider.
func (c Config) overHTTP(via *url.URL, toProxy DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := toProxy(ctx, network, via.Host)
		if err != nil {
			return nil, err
		}
		// What waits for the proxy ends with ctx.
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		tunnel, err := c.connect(ctx, via, conn, address)
		if !stop() && err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = conn.Close() // the first error says more
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
		return tunnel, nil
	}
}

func (c Config) connect(ctx context.Context, via *url.URL, conn net.Conn, address string) (net.Conn, error) {
	if via.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: via.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS with the proxy: %w", err)
		}
		conn = opaque{secure}
	}
	head := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if c.ProxyUsername != "" {
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.ProxyUsername+":"+c.ProxyPassword)) + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err != nil {
		return nil, err
	}
	answer, err := readHead(conn)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		return nil, &RefusedError{Status: answer.StatusCode}
	}
	return conn, nil
}

// RefusedError says that a proxy did not connect.
type RefusedError struct{ Status int }

// Error tells the status only.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the proxy answers CONNECT with %d %s", e.Status, http.StatusText(e.Status))
}

// opaque hides that there is TLS with the proxy: what looks for TLS means the provider's.
type opaque struct{ net.Conn }

// readHead reads no byte more than the head, for what follows is the tunnel's.
func readHead(conn net.Conn) (*http.Response, error) {
	var head strings.Builder
	var b [1]byte
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		if head.Len() == proxyHead {
			return nil, errors.New("the proxy's answer to CONNECT is too long")
		}
		if _, err := conn.Read(b[:]); err != nil {
			return nil, err
		}
		head.WriteByte(b[0])
	}
	answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head.String())), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return nil, errors.New("the proxy's answer to CONNECT is not HTTP")
	}
	return answer, answer.Body.Close()
}

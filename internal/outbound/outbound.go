// Package outbound is the way to one provider where that is not the usual one: through a proxy, with
// authorities of its own, or with a client certificate. Both planes use it, so an import and a test
// go the way that calls go. Variables of the environment such as HTTP_PROXY play no part.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Config is the way; the zero value is the usual one. It may be compared. It holds secrets: print none
// of it.
type Config struct {
	Authorities            string // PEM; empty: those of the system
	Certificate, ClientKey string // PEM; empty: no client certificate
	// Proxy is http, https or socks5://host[:port]; empty: none.
	Proxy string
	// ProxyUsername and ProxyPassword are for the proxy only; both or neither.
	ProxyUsername, ProxyPassword string
	// ProxyPrivate lets the proxy have a private or loopback address.
	ProxyPrivate bool
}

// String tells nothing.
func (c Config) String() string { return "outbound" }

// GoString tells nothing.
func (c Config) GoString() string { return "outbound" }

// Check refuses what cannot be used.
func (c Config) Check() error {
	if _, err := c.TLS(); err != nil {
		return err
	}
	if c.Proxy == "" {
		return nil
	}
	_, err := ParseProxy(c.Proxy)
	return err
}

// TLS is how TLS is spoken with the provider; nil: as usual.
func (c Config) TLS() (*tls.Config, error) {
	if c.Authorities == "" && c.Certificate == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.Authorities != "" {
		all, err := ParseCertificates(c.Authorities)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		for _, one := range all {
			cfg.RootCAs.AddCert(one)
		}
	}
	if c.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.ClientKey))
		if err != nil {
			// The cause may say much about the key.
			return nil, errors.New("the client certificate and its key do not match, or are not PEM")
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// ParseCertificates reads one or more certificates in PEM, and nothing else.
func ParseCertificates(text string) (all []*x509.Certificate, err error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if len(all) == 0 || strings.TrimSpace(string(rest)) != "" {
				return nil, errors.New("it is not one or more PEM certificates")
			}
			return all, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("it contains something other than PEM certificates")
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("one of its certificates cannot be parsed")
		}
		all = append(all, one)
	}
}

// defaultPorts are those of proxies, by scheme.
var defaultPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080"}

// ParseProxy reads the URL of a proxy, which has a scheme, a host and perhaps a port, and completes it. It never quotes it.
func ParseProxy(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || strings.TrimSpace(raw) != raw:
		return nil, errors.New("is not a URL")
	case defaultPorts[u.Scheme] == "":
		return nil, errors.New("must start with http://, https:// or socks5://")
	case u.Hostname() == "":
		return nil, errors.New("must name a host")
	case u.User != nil:
		return nil, errors.New("must not contain a user name or password; they have their own fields")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not contain a path, query or fragment")
	}
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strings.HasSuffix(u.Host, ":") {
		return nil, errors.New("must have a port from 1 to 65535")
	}
	return &url.URL{Scheme: u.Scheme, Host: net.JoinHostPort(strings.ToLower(u.Hostname()), port)}, nil
}

// DialFunc connects to an address.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

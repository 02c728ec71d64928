// Package listentls serves HTTP listeners over TLS with certificates from files, which are read again
// when they change, and warns of listeners that speak in clear where others can hear it.
package listentls

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// Settings are what flags and environment say about TLS.
type Settings struct {
	certFile, keyFile string
	ops, behindProxy  bool
}

// Register adds the settings that every program has. what is the main listener.
func (s *Settings) Register(set *settings.Set, what string) {
	set.String(&s.certFile, "tls-cert-file", "TRUNKLINE_TLS_CERT_FILE", "",
		"PEM file with the certificate of "+what+" and those of its issuers: it is then served over TLS 1.2 or newer only; read again within 10s when it or the key changes; default: plain HTTP")
	set.String(&s.keyFile, "tls-key-file", "TRUNKLINE_TLS_KEY_FILE", "", "PEM file with the key of that certificate; required with it")
	set.Bool(&s.ops, "ops-tls", "TRUNKLINE_OPS_TLS", false, "serve the ops listener with that certificate too")
	set.Bool(&s.behindProxy, "behind-tls-proxy", "TRUNKLINE_BEHIND_TLS_PROXY", false,
		"say that a proxy in front ends TLS, or that the network is trusted: plain HTTP on an address that others can reach is then no warning")
}

// Open reads the files; nil: there are none, and listeners speak in clear.
func (s *Settings) Open(log *slog.Logger) (*Certificate, error) {
	switch {
	case s.certFile == "" && s.keyFile == "":
		if s.ops {
			return nil, errors.New("ops-tls needs tls-cert-file and tls-key-file")
		}
		return nil, nil
	case s.certFile == "" || s.keyFile == "":
		return nil, errors.New("tls-cert-file and tls-key-file must be set together")
	}
	return open(s.certFile, s.keyFile, log)
}

// Ops is the certificate of the ops listener; nil: it speaks in clear.
func (s *Settings) Ops(c *Certificate) *Certificate {
	if s.ops {
		return c
	}
	return nil
}

// OpsAddress is the address of the ops listener as ops.Probe asks it.
func (s *Settings) OpsAddress(listen string) string {
	if s.ops {
		return "https://" + listen
	}
	return listen
}

// Warn says loudly that a listener which others can reach speaks in clear.
func (s *Settings) Warn(log *slog.Logger, c *Certificate, what string, at net.Addr) {
	if c != nil || s.behindProxy || onLoopback(at) {
		return
	}
	log.Warn("PLAIN HTTP ON AN ADDRESS THAT OTHERS CAN REACH: passwords, API keys and prompts are sent unencrypted. "+
		"Set --tls-cert-file and --tls-key-file, listen on loopback, or set --behind-tls-proxy if a proxy in front terminates TLS", "listener", what, "address", at.String())
}

func onLoopback(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// Scheme is that of URLs.
func (c *Certificate) Scheme() string {
	if c == nil {
		return "http"
	}
	return "https"
}

// Config is how TLS is spoken: with HTTP/2 where http2 says so. nil: it is not.
func (c *Certificate) Config(http2 bool) *tls.Config {
	if c == nil {
		return nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"http/1.1"}}
	if http2 {
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	return cfg
}

// Run reads the files again when they change, until ctx ends. It may be called on nil.
func (c *Certificate) Run(ctx context.Context) error {
	if c == nil {
		<-ctx.Done()
		return nil
	}
	return c.follow(ctx)
}

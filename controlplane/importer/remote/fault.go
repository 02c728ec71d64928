package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// Fault is what is wrong with a provider, in words that can be shown: "it refuses the
// credential (401)". It holds nothing that the provider wrote.
type Fault struct {
	text string
	kind kind
}

type kind uint8

const (
	kindURL      kind = iota
	kindDNS           // the name does not resolve
	kindBlocked       // the address is not allowed
	kindConnect       // nobody takes the connection, or it breaks
	kindTLS           // no TLS, or not from whom it should be
	kindTime          // it takes too long
	kindStatus        // it answers an error
	kindBusy          // it answers 429 or 5xx
	kindRedirect      // it sends us elsewhere
	kindAnswer        // it answers 200 with something else
)

func fault(k kind, text string) *Fault { return &Fault{text: text, kind: k} }

func (f *Fault) Error() string { return f.text }

// Temporary reports whether the same may go well a little later.
func (f *Fault) Temporary() bool {
	return f.kind == kindConnect || f.kind == kindTime || f.kind == kindBusy
}

// explain says what an error of the round trip or of the body means. Errors of net/http
// hold the URL with its query, and some hold bytes of the answer, so none is passed on.
func explain(ctx context.Context, err error) error {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return context.Canceled
	}
	if text := proxyFault(err); text != "" {
		return fault(kindConnect, text)
	}
	if errors.Is(err, addrguard.ErrBlocked) {
		return fault(kindBlocked, "its host resolves to an address that is not allowed; private and loopback ones need allow_private_network, and metadata addresses are never allowed")
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case dns.IsNotFound:
			return fault(kindDNS, fmt.Sprintf("its host %s does not exist in DNS", dns.Name))
		case !dns.IsTimeout:
			return fault(kindDNS, fmt.Sprintf("its host %s cannot be looked up", dns.Name))
		}
	}
	if text := tlsFault(err); text != "" {
		return fault(kindTLS, text)
	}
	switch {
	case timedOut(err):
		return fault(kindTime, "it does not answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault(kindConnect, "it refuses the connection: nothing listens at that host and port")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return fault(kindConnect, "it broke the connection off")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fault(kindConnect, "there is no route to its host")
	}
	return fault(kindConnect, "it could not be reached, or does not speak HTTP")
}

// proxyFault says what is wrong with the proxy on the way; "" when that is not what is wrong.
func proxyFault(err error) string {
	if !errors.Is(err, outbound.ErrProxy) {
		return ""
	}
	if refused, ok := errors.AsType[*outbound.RefusedError](err); ok {
		if refused.Status == http.StatusProxyAuthRequired {
			return "its proxy asks for a user name and password, or refuses those given (407)"
		}
		return fmt.Sprintf("its proxy does not connect to it (%d)", refused.Status)
	}
	switch {
	case errors.Is(err, addrguard.ErrBlocked):
		return "its proxy is at an address that is not allowed; private and loopback ones need proxy.allow_private_network, and metadata addresses are never allowed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "its proxy refuses the connection: nothing listens at that host and port"
	case timedOut(err):
		return "its proxy does not answer in time"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("the host of its proxy, %s, cannot be looked up", dns.Name)
	}
	if text := tlsFault(err); text != "" {
		return "TLS with its proxy fails: " + text
	}
	if strings.Contains(err.Error(), "username/password authentication failed") || strings.Contains(err.Error(), "no acceptable authentication methods") {
		return "its proxy asks for a user name and password, or refuses those given"
	}
	return "its proxy does not connect to it, or speaks something else than its URL says"
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// tlsFault says what is wrong with TLS; "" when that is not what is wrong.
func tlsFault(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another host"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is not from an authority that this machine trusts, or one of ca_certificates where those are set"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "its certificate has expired or is not valid yet"
		}
		return "its certificate is not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "it does not speak TLS there; is it http:// rather than https://?"
	}
	if wantsCertificate(err) {
		return "it asks for a client certificate, or does not accept the one that is given"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "it refuses the TLS handshake"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not valid"
	}
	return ""
}

// wantsCertificate reports an alert of the server's about the client's certificate. With TLS 1.3 it
// comes after the handshake, and it has no type.
func wantsCertificate(err error) bool {
	text := err.Error()
	for _, alert := range []string{"certificate required", "bad certificate", "unknown certificate authority", "unknown certificate"} {
		if strings.Contains(text, "remote error: tls: "+alert) {
			return true
		}
	}
	return false
}

// statusFault says what a status other than 200 means.
func statusFault(status int, path string) error {
	switch {
	case status == http.StatusUnauthorized:
		return fault(kindStatus, "it refuses the credential (401); is the key right, and enabled?")
	case status == http.StatusForbidden:
		return fault(kindStatus, "the credential may not do this (403)")
	case status == http.StatusNotFound:
		return fault(kindStatus, fmt.Sprintf("there is nothing at %s (404); does base_url have the right path, such as /v1?", path))
	case status == http.StatusMethodNotAllowed:
		return fault(kindStatus, fmt.Sprintf("%s does not take this request (405); does base_url have the right path?", path))
	case status == http.StatusTooManyRequests:
		return fault(kindBusy, "it is asked too often (429); try again later")
	case status >= 500:
		return fault(kindBusy, fmt.Sprintf("it has a problem of its own (%d); try again later", status))
	}
	return fault(kindStatus, fmt.Sprintf("it answers with status %d", status))
}

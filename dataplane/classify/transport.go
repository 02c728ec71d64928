package classify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/addrguard"
)

// Transport classifies an error of dialling or of the round trip, from before any
// byte of an answer came back. Whether the call's own context ended is for the caller to
// ask first: a deadline of ours looks like any other timeout here.
func Transport(err error) dataplane.Verdict {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // it repeats method and URL
	}
	return dataplane.Verdict{Outcome: transportOutcome(err), Reason: Reason(err.Error())}
}

func transportOutcome(err error) dataplane.Outcome {
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, addrguard.ErrBlocked):
		return dataplane.BlockedAddress
	case ourShortage(err):
		return dataplane.GatewayBusy
	case isTLS(err, op):
		return dataplane.TLSError
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsTimeout {
			return dataplane.ConnectTimeout
		}
		return dataplane.DNSError
	}
	if isOp {
		switch {
		case dialing(op) && op.Timeout():
			return dataplane.ConnectTimeout
		case dialing(op):
			return dataplane.Unreachable
		case op.Op == "write" && errors.Is(err, os.ErrDeadlineExceeded):
			return dataplane.WriteTimeout
		}
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return dataplane.Unreachable
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ETIMEDOUT),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return dataplane.ConnectionReset // ETIMEDOUT: the kernel gave up a connection that worked before
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return dataplane.BadBody // it answered, but not in HTTP
	}
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		if strings.Contains(err.Error(), "TLS handshake timeout") {
			return dataplane.ConnectTimeout // net/http has no type for it
		}
		return dataplane.ResponseTimeout
	}
	return dataplane.ConnectionReset
}

// ourShortage reports an error that this machine caused: held against providers, it would
// take all of them out of service at once.
func ourShortage(err error) bool {
	for _, no := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// dialing reports whether the operation came before the request could be sent. A proxy
// that refuses to connect counts as the upstream being unreachable.
func dialing(op *net.OpError) bool {
	return op.Op == "dial" || op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")
}

// isTLS reports a failed handshake or certificate. Most errors of crypto/tls have no type
// of their own but say "tls: " or "x509: ".
func isTLS(err error, op *net.OpError) bool {
	if op != nil && (op.Op == "remote error" || op.Op == "local error") {
		return true // how crypto/tls reports alerts
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.ECHRejectionError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return true
	}
	for deepest := err; deepest != nil; deepest = errors.Unwrap(deepest) {
		text := deepest.Error()
		if strings.HasPrefix(text, "tls: ") || strings.HasPrefix(text, "x509: ") {
			return true
		}
	}
	return false
}

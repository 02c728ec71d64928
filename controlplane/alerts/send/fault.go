package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"syscall"
	"time"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
)

// Fault is why a message was not taken, in words of our own.
type Fault struct {
	Text       string
	RetryAfter time.Duration // what the receiver asks for; 0: nothing
}

// Error is the text.
func (f *Fault) Error() string { return f.Text }

func faultf(format string, args ...any) *Fault { return &Fault{Text: fmt.Sprintf(format, args...)} }

// faultOf puts an error into words that hold nothing of the receiver's or of a secret.
func faultOf(err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return faultf("it answered %d", answer.Code)
	}
	return &Fault{Text: networkFault(err)}
}

func networkFault(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its TLS certificate is not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS"
	}
	var network net.Error
	switch {
	case errors.Is(err, addrguard.ErrBlocked):
		return "its address is not allowed: private ones need allow_private_network, and link-local and reserved ones are never"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "it does not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refuses the connection"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name does not resolve"
	}
	return "the connection failed"
}

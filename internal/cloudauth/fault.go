package cloudauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"syscall"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// Fault is why nothing was minted, in words that can be shown: they hold nothing of a secret, and of an
// answer only its status and a code.
type Fault struct {
	text string
	// Refused: asking again soon is in vain.
	Refused bool
}

// Error gives the words.
func (f *Fault) Error() string { return f.text }

func refused(format string, args ...any) *Fault { return &Fault{fmt.Sprintf(format, args...), true} }

func passing(format string, args ...any) *Fault { return &Fault{fmt.Sprintf(format, args...), false} }

// code is what error codes of OAuth and AWS look like.
var code = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{1,63}$`)

// statusFault says what a status other than 200 means; who is asked is such as "the token endpoint".
func statusFault(who string, status int, errorCode string) *Fault {
	said := fmt.Sprint(status)
	if code.MatchString(errorCode) {
		said += " " + errorCode
	}
	switch {
	case status == http.StatusTooManyRequests:
		return passing("%s is asked too often (%s)", who, said)
	case status >= 500:
		return passing("%s has a problem of its own (%s)", who, said)
	case status >= 300 && status < 400:
		return refused("%s redirects, which is not followed (%s)", who, said)
	}
	return refused("%s refuses the credential (%s)", who, said)
}

// explain says what an error of a round trip means. Errors of net/http hold URLs, so none is passed on.
func explain(ctx context.Context, who string, err error) error {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return context.Canceled
	}
	var timeout net.Error
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, hostname := errors.AsType[x509.HostnameError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	_, dns := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, addrguard.ErrBlocked) && errors.Is(err, outbound.ErrProxy):
		return passing("%s is not reached: the proxy is at an address that is not allowed", who)
	case errors.Is(err, addrguard.ErrBlocked):
		return passing("%s is at an address that is not allowed: private ones need allow_private_network of the provider", who)
	case errors.Is(err, outbound.ErrProxy):
		return passing("%s is not reached through the proxy", who)
	case dns:
		return passing("the host of %s cannot be looked up", who)
	case unknown, hostname, certificate:
		return passing("the certificate of %s is not valid here", who)
	case plain:
		return passing("%s does not speak TLS", who)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return passing("%s does not answer in time", who)
	case errors.Is(err, syscall.ECONNREFUSED):
		return passing("%s refuses the connection", who)
	}
	return passing("%s could not be reached", who)
}

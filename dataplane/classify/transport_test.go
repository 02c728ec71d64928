package classify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// TestClassifyTransportOfRealErrors makes each failure happen with net/http's own client.
func TestClassifyTransportOfRealErrors(t *testing.T) {
	t.Parallel()
	table := outcometest.Load(t)
	for _, c := range table.Cases {
		if c.Row < 1 || c.Row > 7 || c.Row == 4 || c.Row == 5 || c.Row == 6 {
			continue // the dialer's, the clock's and the retry's business
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			at := outcometest.Serve(t, c.Upstream, fakeprovider.New(fakeprovider.Config{}))
			transport := &http.Transport{DialContext: at.Dial}
			defer transport.CloseIdleConnections()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.BaseURL+"/chat/completions", strings.NewReader(`{"model":"`+c.Plain+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err == nil {
				resp.Body.Close()
				t.Fatalf("status %d, want an error", resp.StatusCode)
			}
			got := Transport(err)
			if got.Outcome.String() != c.Want.Outcome {
				t.Errorf("%v (%T)\nis %s, want %s", err, err, got.Outcome, c.Want.Outcome)
			}
			if got.Reason == "" {
				t.Error("no reason")
			}
		})
	}
}

type timeoutError struct{ text string }

func (e timeoutError) Error() string   { return e.text }
func (e timeoutError) Timeout() bool   { return true }
func (e timeoutError) Temporary() bool { return true }

func TestClassifyTransportOfMadeErrors(t *testing.T) {
	t.Parallel()
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
	for name, tc := range map[string]struct {
		err  error
		want dataplane.Outcome
	}{
		"no route":              {op("dial", os.NewSyscallError("connect", syscall.EHOSTUNREACH)), dataplane.Unreachable},
		"no network":            {op("dial", os.NewSyscallError("connect", syscall.ENETUNREACH)), dataplane.Unreachable},
		"kernel's dial timeout": {op("dial", os.NewSyscallError("connect", syscall.ETIMEDOUT)), dataplane.ConnectTimeout},
		"proxy refuses":         {op("proxyconnect", errors.New("503")), dataplane.Unreachable},
		"blocked":               {op("dial", fmt.Errorf("control: %w", addrguard.ErrBlocked)), dataplane.BlockedAddress},
		"servfail":              {op("dial", &net.DNSError{Err: "server misbehaving", IsTemporary: true}), dataplane.DNSError},
		"dns timeout":           {op("dial", &net.DNSError{Err: "i/o timeout", IsTimeout: true}), dataplane.ConnectTimeout},
		"out of files":          {op("dial", os.NewSyscallError("socket", syscall.EMFILE)), dataplane.GatewayBusy},
		"expired certificate":   {&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, dataplane.TLSError},
		"wrong host":            {x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a"}, dataplane.TLSError},
		"alert":                 {op("remote error", errors.New("tls: handshake failure")), dataplane.TLSError},
		"untyped tls":           {fmt.Errorf("connect: %w", errors.New("tls: server selected unsupported protocol version 301")), dataplane.TLSError},
		"scheme":                {http.ErrSchemeMismatch, dataplane.TLSError},
		"handshake timeout":     {timeoutError{"net/http: TLS handshake timeout"}, dataplane.ConnectTimeout},
		"header timeout":        {timeoutError{"net/http: timeout awaiting response headers"}, dataplane.ResponseTimeout},
		"write timeout":         {op("write", os.ErrDeadlineExceeded), dataplane.WriteTimeout},
		"read timeout":          {op("read", os.ErrDeadlineExceeded), dataplane.ResponseTimeout},
		"reset":                 {op("read", os.NewSyscallError("read", syscall.ECONNRESET)), dataplane.ConnectionReset},
		"reset while writing":   {op("write", os.NewSyscallError("write", syscall.EPIPE)), dataplane.ConnectionReset},
		"kernel gave up":        {op("read", os.NewSyscallError("read", syscall.ETIMEDOUT)), dataplane.ConnectionReset},
		"eof":                   {io.EOF, dataplane.ConnectionReset},
		"unexpected eof":        {fmt.Errorf("http: %w", io.ErrUnexpectedEOF), dataplane.ConnectionReset},
		"pipe closed":           {io.ErrClosedPipe, dataplane.ConnectionReset},
		"inside a url error":    {&url.Error{Op: "Post", URL: "https://h/v1?key=secret", Err: io.EOF}, dataplane.ConnectionReset},
		"nothing we know":       {errors.New("http2: server sent GOAWAY"), dataplane.ConnectionReset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Transport(tc.err)
			if got.Outcome != tc.want {
				t.Errorf("%v is %s, want %s", tc.err, got.Outcome, tc.want)
			}
			if strings.Contains(got.Reason, "secret") {
				t.Errorf("reason %q repeats the URL", got.Reason)
			}
		})
	}
}

// An upstream that answers in another protocol did answer: it is no connection failure.
func TestClassifyTransportOfSomethingThatIsNotHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nno colon in this line\r\n\r\n")
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(r)
	if err == nil {
		resp.Body.Close()
		t.Fatal("want an error")
	}
	if got := Transport(err); got.Outcome != dataplane.BadBody {
		t.Errorf("%v is %s, want bad_body", err, got.Outcome)
	}
}

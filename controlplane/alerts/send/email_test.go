package send_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// postOffice is a real SMTP server that keeps what it was given.
type postOffice struct {
	mechanism string // it offers; empty: none
	port      int32
	roots     *x509.CertPool

	mu    sync.Mutex
	mails []letter // guarded by mu
}

type letter struct {
	user, from string
	to         []string
	encrypted  bool
	data       []byte
}

// open serves with STARTTLS unless how says tls or none.
func (o *postOffice) open(t *testing.T, how string) {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	certified.Close()
	o.roots = x509.NewCertPool()
	o.roots.AddCert(certified.Certificate())
	s := smtp.NewServer(o)
	s.Domain, s.AllowInsecureAuth = "localhost", how == "none"
	config := &tls.Config{Certificates: certified.TLS.Certificates}
	if how != "none" {
		s.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.port = int32(l.Addr().(*net.TCPAddr).Port)
	if how == "tls" {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
}

func (o *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &counter{office: o, letter: letter{encrypted: encrypted}}, nil
}

func (o *postOffice) received() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mails
}

// counter is where one letter is handed in.
type counter struct {
	office *postOffice
	letter letter
}

const password = "canary-password"

func (c *counter) AuthMechanisms() []string {
	if c.office.mechanism == "" {
		return nil
	}
	return []string{c.office.mechanism}
}

func (c *counter) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, pass string) error {
		if pass != password {
			return &smtp.SMTPError{Code: 535, Message: "canary of the server"}
		}
		c.letter.user = user
		return nil
	}
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, pass string) error { return check(user, pass) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer speaks LOGIN, of which the library has no server.
type loginServer struct {
	check func(user, pass string) error
	user  string
	step  int
}

func (s *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	s.step++
	switch s.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		s.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, s.check(s.user, string(response))
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	if c.office.mechanism != "" && c.letter.user == "" {
		return smtp.ErrAuthRequired
	}
	c.letter.from = from
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "canary of the server"}
	}
	c.letter.to = append(c.letter.to, to)
	return nil
}

func (c *counter) Data(r io.Reader) (err error) {
	if c.letter.data, err = io.ReadAll(r); err != nil {
		return err
	}
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.mails = append(c.office.mails, c.letter)
	return nil
}

func (*counter) Reset() {}

func (*counter) Logout() error { return nil }

func (o *postOffice) target(adjust func(*adminv1.AlertEmail)) send.Target {
	doc := &adminv1.AlertEmail{
		Host: "127.0.0.1", Port: o.port, Username: "trunkline", From: "Trünkline <trunkline@example.com>", To: []string{"a@example.com", "b@example.com"},
	}
	adjust(doc)
	return send.Target{Channel: &adminv1.AlertChannel{Name: "mail", AllowPrivateNetwork: true, Email: doc}, Secret: password}
}

func (o *postOffice) sender() *send.Sender {
	return send.New(send.Config{TLS: &tls.Config{RootCAs: o.roots, MinVersion: tls.VersionTLS12}})
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ security, mechanism string }{
		"STARTTLS and PLAIN": {"starttls", sasl.Plain},
		"STARTTLS by itself": {"", sasl.Plain},
		"TLS and LOGIN":      {"tls", sasl.Login},
		"clear on loopback":  {"none", sasl.Plain},
		"nobody signs in":    {"none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &postOffice{mechanism: tt.mechanism}
			o.open(t, tt.security)
			target := o.target(func(d *adminv1.AlertEmail) {
				d.Security = tt.security
				if tt.mechanism == "" {
					d.Username = ""
				}
			})
			if err := o.sender().Send(t.Context(), target, message()); err != nil {
				t.Fatal(err)
			}
			all := o.received()
			if len(all) != 1 {
				t.Fatalf("%d letters came", len(all))
			}
			l := all[0]
			if l.from != "trunkline@example.com" || strings.Join(l.to, " ") != "a@example.com b@example.com" || l.encrypted != (tt.security != "none") ||
				l.user != target.Channel.GetEmail().GetUsername() {
				t.Errorf("it is from %q to %q, encrypted: %t, of user %q", l.from, l.to, l.encrypted, l.user)
			}
			wantLetter(t, l.data)
		})
	}
}

func wantLetter(t *testing.T, data []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	const want = "FIRING: openai/gpt-5 is <cooling> & down (since 2026-11-29T08:00:00Z)\r\n" +
		"RESOLVED: Schlüssel Ü (lasted 1h0m0s, until 2026-11-29T08:00:00Z)\r\nand 2 more\r\n\r\n-- \r\nChannel: ops\r\n"
	if string(text) != want {
		t.Errorf("text %q, want %q", text, want)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Trunkline: 1 firing, 1 resolved" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if id := m.Header.Get("Message-ID"); id != "<0193-message@trunkline>" {
		t.Errorf("Message-ID %q", id)
	}
}

func TestFaultsOfEmail(t *testing.T) {
	t.Parallel()
	clear, encrypted := &postOffice{mechanism: sasl.Plain}, &postOffice{mechanism: sasl.Plain}
	clear.open(t, "none")
	encrypted.open(t, "starttls")
	odd := &postOffice{mechanism: "XOAUTH2"}
	odd.open(t, "none")
	same := func(*adminv1.AlertEmail) {}
	wrong := encrypted.target(same)
	wrong.Secret = "another"
	private := encrypted.target(same)
	private.Channel.AllowPrivateNetwork = false
	for name, tt := range map[string]struct {
		office *postOffice
		target send.Target
		want   string
	}{
		"no STARTTLS":     {clear, clear.target(same), "it does not offer STARTTLS, so nothing is sent to it"},
		"a password":      {encrypted, wrong, "it refuses the user name or password (535)"},
		"a receiver":      {encrypted, encrypted.target(func(d *adminv1.AlertEmail) { d.To = []string{"a@example.com", "nobody@example.com"} }), "it refuses receiver 2 of 2 (550)"},
		"untrusted":       {&postOffice{}, encrypted.target(same), "its TLS certificate is not valid"},
		"TLS where none":  {clear, clear.target(func(d *adminv1.AlertEmail) { d.Security = "tls" }), "it does not speak TLS"},
		"no known method": {odd, odd.target(func(d *adminv1.AlertEmail) { d.Security = "none" }), "it offers neither PLAIN nor LOGIN to sign in with"},
		"private":         {encrypted, private, "its address is not allowed: private ones need allow_private_network, and link-local and reserved ones are never"},
	} {
		if err := tt.office.sender().Send(t.Context(), tt.target, message()); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if n := len(clear.received()) + len(encrypted.received()); n != 0 {
		t.Errorf("%d letters came", n)
	}
}

// A subject cannot become a header, whatever a name holds.
func TestEmailHeadersHoldOneLine(t *testing.T) {
	t.Parallel()
	o := &postOffice{}
	o.open(t, "none")
	m := message()
	m.Alerts = m.Alerts[:1]
	m.Alerts[0].Summary = "x\r\nBcc: " + strconv.Itoa(1) + "@example.com" + strings.Repeat(" ü", 300)
	if err := o.sender().Send(t.Context(), o.target(func(d *adminv1.AlertEmail) { d.Security, d.Username = "none", "" }), m); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(bytes.NewReader(o.received()[0].data))
	if err != nil || got.Header.Get("Bcc") != "" || len(got.Header["Subject"]) != 1 {
		t.Errorf("headers %v, %v", got.Header, err)
	}
}

// What a server says without end is not kept.
func TestAnEndlessAnswerIsCut(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for line := []byte("220-" + strings.Repeat("x", 1000) + "\r\n"); err == nil; {
			_, err = conn.Write(line)
		}
	}()
	o := &postOffice{port: int32(l.Addr().(*net.TCPAddr).Port)}
	err = o.sender().Send(t.Context(), o.target(func(d *adminv1.AlertEmail) { d.Security = "none" }), message())
	if err == nil || err.Error() != "it answers too much" {
		t.Errorf("%v, want it cut", err)
	}
}

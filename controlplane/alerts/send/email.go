package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// email sends through an SMTP server.
type email struct {
	doc      *adminv1.AlertEmail
	password string
}

func emailOf(t Target) way {
	if t.Channel.GetEmail() == nil {
		return nil
	}
	return email{t.Channel.GetEmail(), t.Secret}
}

func (e email) send(ctx context.Context, v via, m Message) error {
	from, err := mail.ParseAddress(e.doc.GetFrom())
	if err != nil {
		return faultf("the address of the sender is not one")
	}
	text, err := e.text(from, m)
	if err != nil {
		return err
	}
	client, err := e.open(ctx, v)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := e.authenticate(client); err != nil {
		return err
	}
	if err := client.Mail(from.Address); err != nil {
		return refused("the sender", err)
	}
	// All receivers or none: a message that is tried again is not for those who have it.
	for i, to := range e.doc.GetTo() {
		if err := client.Rcpt(to); err != nil {
			return refused(fmt.Sprintf("receiver %d of %d", i+1, len(e.doc.GetTo())), err)
		}
	}
	body, err := client.Data()
	if err != nil {
		return refused("the message", err)
	}
	if _, err := body.Write(text); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return refused("the message", err)
	}
	_ = client.Quit() // it has the message
	return nil
}

// open connects, and encrypts unless the server is on this machine and may be spoken to in clear.
func (e email) open(ctx context.Context, v via) (*smtp.Client, error) {
	host := e.doc.GetHost()
	conn, err := v.dial(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(controlplane.SMTPPort(e.doc))))
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // fails on a closed connection only, as what follows would
	}
	conn = &bounded{conn, answerBytes}
	config := v.tls()
	config.ServerName = host
	client, err := e.greet(ctx, conn, config)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

// answerBytes is how much an SMTP server may say in all, its certificates included: net/smtp keeps whole answers.
const answerBytes = 1 << 20

// bounded is a connection that ends when too much came.
type bounded struct {
	net.Conn
	left int
}

// Read implements net.Conn.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, faultf("it answers too much")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (e email) greet(ctx context.Context, conn net.Conn, config *tls.Config) (*smtp.Client, error) {
	switch e.doc.GetSecurity() {
	case controlplane.SMTPTLS:
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return smtp.NewClient(encrypted, e.doc.GetHost())
	case controlplane.SMTPClear:
		if address, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
			return nil, faultf("it is not at a loopback address, so it is not spoken to in clear")
		}
		return smtp.NewClient(conn, e.doc.GetHost())
	}
	client, err := smtp.NewClient(conn, e.doc.GetHost())
	if err != nil {
		return nil, err
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return nil, faultf("it does not offer STARTTLS, so nothing is sent to it")
	}
	return client, client.StartTLS(config)
}

func (e email) authenticate(client *smtp.Client) error {
	if e.doc.GetUsername() == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	var auth smtp.Auth
	switch methods := strings.Fields(strings.ToUpper(offered)); {
	case slices.Contains(methods, "PLAIN"):
		auth = plain{e.doc.GetUsername(), e.password}
	case slices.Contains(methods, "LOGIN"):
		auth = login{e.doc.GetUsername(), e.password}
	default:
		return faultf("it offers neither PLAIN nor LOGIN to sign in with")
	}
	if err := client.Auth(auth); err != nil {
		return refused("the user name or password", err)
	}
	return nil
}

func refused(what string, err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return faultf("it refuses %s (%d)", what, answer.Code)
	}
	return err
}

// text is the message as it goes over the wire.
func (e email) text(from *mail.Address, m Message) ([]byte, error) {
	var b bytes.Buffer
	for _, h := range [...][2]string{
		{"From", from.String()},
		{"To", strings.Join(e.doc.GetTo(), ",\r\n ")},
		{"Subject", mime.QEncoding.Encode("utf-8", shortened(title(m)))},
		{"Date", m.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@trunkline>"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(strings.Join(lines(m), "\r\n") + "\r\n\r\n-- \r\nChannel: " + m.Channel + "\r\n")); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}

// shortened bounds a subject.
func shortened(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// plain signs in by PLAIN. That the connection is encrypted, or on this machine, is known here.
type plain struct{ username, password string }

// Start implements smtp.Auth.
func (a plain) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.username + "\x00" + a.password), nil
}

// Next implements smtp.Auth.
func (plain) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, faultf("it asks for more than PLAIN has")
	}
	return nil, nil
}

// login signs in by LOGIN, which is all that some servers know.
type login struct{ username, password string }

// Start implements smtp.Auth.
func (login) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

// Next implements smtp.Auth.
func (a login) Next(question []byte, more bool) ([]byte, error) {
	switch text := strings.ToLower(string(question)); {
	case !more:
		return nil, nil
	case strings.HasPrefix(text, "user"):
		return []byte(a.username), nil
	case strings.HasPrefix(text, "pass"):
		return []byte(a.password), nil
	}
	return nil, faultf("it asks for more than LOGIN has")
}

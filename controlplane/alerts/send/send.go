// Package send sends alert messages: by a signed webhook, to Slack, by e-mail. Each way is a
// file of its own behind one small interface.
//
// Receivers are not trusted. Addresses are judged when they are dialled, redirects are not
// followed, a message has 15 seconds, and nothing of what a receiver answers but its status
// is in an error.
package send

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Time bounds the sending of one message.
const Time = 15 * time.Second

// Message is what a receiver is told at once.
type Message struct {
	ID      string // the same each time the message is tried
	Channel string
	At      time.Time // when the message was made
	Test    bool
	Alerts  []*adminv1.Alert // those that fire first
	Omitted int              // alerts beyond these
}

// Target is a channel as it is used.
type Target struct {
	Channel *adminv1.AlertChannel
	Secret  string // in clear; empty when the channel needs none
}

// String tells nothing secret.
func (t Target) String() string { return "alert channel " + t.Channel.GetName() }

// GoString is String.
func (t Target) GoString() string { return t.String() }

// LogValue is String.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Config has a default for every field.
type Config struct {
	// AllowPrivateNetwork lets every receiver be at a private or loopback address, as the
	// all-in-one does; otherwise each channel must allow it.
	AllowPrivateNetwork bool
	// TLS is how TLS is spoken; nil trusts what the system trusts.
	TLS *tls.Config
	// Time bounds one message; default Time.
	Time time.Duration
	Now  func() time.Time // default time.Now
}

// Sender sends messages. It is safe for concurrent use and keeps no connections.
type Sender struct{ cfg Config }

// New makes a Sender.
func New(cfg Config) *Sender {
	if cfg.Time == 0 {
		cfg.Time = Time
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sender{cfg}
}

// way is one way to send a message.
type way interface {
	send(ctx context.Context, via via, m Message) error
}

// ways give the way of a channel; nil when it has another.
var ways = [...]func(Target) way{webhookOf, slackOf, emailOf}

// Send sends a message once. Its error is a *Fault, which can be shown to anybody.
func (s *Sender) Send(ctx context.Context, t Target, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Time)
	defer cancel()
	for _, of := range ways {
		if way := of(t); way != nil {
			v := via{dial: addrguard.Dial(s.cfg.AllowPrivateNetwork || t.Channel.GetAllowPrivateNetwork()), tls: s.tls, now: s.cfg.Now}
			return faultOf(way.send(ctx, v, m))
		}
	}
	return &Fault{Text: "the channel has no way to send"}
}

func (s *Sender) tls() *tls.Config {
	if s.cfg.TLS == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return s.cfg.TLS.Clone()
}

// via is how a way reaches the network.
type via struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	tls  func() *tls.Config
	now  func() time.Time
}

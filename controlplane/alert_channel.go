package controlplane

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// DefaultDigest is how long alerts are collected for one message.
const DefaultDigest = 30 * time.Second

// The ways in which a message to an SMTP server is kept secret.
const (
	SMTPStartTLS = "starttls" // default
	SMTPTLS      = "tls"
	SMTPClear    = "none"
)

// Digest is how long a channel's alerts are collected for one message.
func Digest(c *adminv1.AlertChannel) time.Duration {
	if c.GetDigest() == nil {
		return DefaultDigest
	}
	return c.GetDigest().AsDuration()
}

// SMTPPort is the port of an SMTP server.
func SMTPPort(e *adminv1.AlertEmail) int {
	if e.GetPort() == 0 && e.GetSecurity() == SMTPTLS {
		return 465
	}
	return cmp.Or(int(e.GetPort()), 587)
}

// ChannelSecret is the one secret of an alert channel and what is stored of it, whatever way
// the channel has.
type ChannelSecret struct {
	Way      string // webhook, slack or email: the field that holds it
	Field    string // of the secret, below Way
	Endpoint string // what a stored secret is bound to; empty: it says itself where it goes
	MovedBy  string // the fields that Endpoint is made of, for people
	Unwanted string // why there must be none; empty: there must be one
	// Fault says what is wrong with a secret; empty: nothing.
	Fault func(secret string) string

	Given, Ref, Hint *string
	SetTime          **timestamppb.Timestamp
}

// channelWays is one function for each way: nil when the channel has another.
var channelWays = [...]func(*adminv1.AlertChannel) *ChannelSecret{webhookSecret, slackSecret, emailSecret}

// SecretOf gives the place of an alert channel's secret, in the channel itself; nil when it
// has no way at all.
func SecretOf(c *adminv1.AlertChannel) *ChannelSecret {
	for _, way := range channelWays {
		if s := way(c); s != nil {
			return s
		}
	}
	return nil
}

// Keep takes over what is stored for another state of the same channel.
func (s *ChannelSecret) Keep(stored *ChannelSecret) {
	*s.Ref, *s.Hint, *s.SetTime = *stored.Ref, *stored.Hint, *stored.SetTime
}

// Clear forgets what is stored.
func (s *ChannelSecret) Clear() { *s.Ref, *s.Hint, *s.SetTime = "", "", nil }

// Binding is the associated data of the secret of the channel with that name.
func (s *ChannelSecret) Binding(channel string) []byte {
	return []byte("alert channel\x00" + channel + "\x00" + s.Way)
}

func webhookSecret(c *adminv1.AlertChannel) *ChannelSecret {
	w := c.GetWebhook()
	if w == nil {
		return nil
	}
	return &ChannelSecret{
		Way: "webhook", Field: "secret", Endpoint: Origin(w.GetUrl()), MovedBy: "url", Given: &w.Secret, Ref: &w.SecretRef, Hint: &w.SecretHint, SetTime: &w.SecretSetTime,
		Fault: func(secret string) string {
			if _, err := SigningKey(secret); err != nil {
				return "must be whsec_ and the base64 of 24 to 64 random bytes"
			}
			return ""
		},
	}
}

func slackSecret(c *adminv1.AlertChannel) *ChannelSecret {
	s := c.GetSlack()
	if s == nil {
		return nil
	}
	return &ChannelSecret{
		Way: "slack", Field: "webhook_url", Given: &s.WebhookUrl, Ref: &s.SecretRef, Hint: &s.SecretHint, SetTime: &s.SecretSetTime,
		Fault: func(secret string) string { return ReceiverFault(secret, c.GetAllowPrivateNetwork()) },
	}
}

func emailSecret(c *adminv1.AlertChannel) *ChannelSecret {
	e := c.GetEmail()
	if e == nil {
		return nil
	}
	s := &ChannelSecret{
		Way: "email", Field: "password", MovedBy: "host or port", Given: &e.Password, Ref: &e.SecretRef, Hint: &e.SecretHint, SetTime: &e.SecretSetTime,
		Endpoint: net.JoinHostPort(strings.ToLower(e.GetHost()), strconv.Itoa(SMTPPort(e))),
		Fault: func(secret string) string {
			if strings.ContainsFunc(secret, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
				return "must not contain control characters"
			}
			return ""
		},
	}
	if e.GetUsername() == "" {
		s.Unwanted = "must be empty without a username"
	}
	return s
}

// signingKeyPrefix begins the secret of a webhook, as Standard Webhooks writes it.
const signingKeyPrefix = "whsec_"

var errSigningKey = errors.New("is not the key of a webhook")

// SigningKey reads the secret of a webhook.
func SigningKey(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, signingKeyPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errSigningKey
	}
	return key, nil
}

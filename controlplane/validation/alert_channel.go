package validation

import (
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// hostName is a name in the DNS.
var hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?$`)

func checkAlertChannel(d document, doc *adminv1.AlertChannel) {
	checkName(d, doc.GetName())
	if w := doc.GetWebhook(); w != nil {
		if fault := controlplane.ReceiverFault(w.GetUrl(), doc.GetAllowPrivateNetwork()); fault != "" {
			d.add("webhook.url", "%s", fault)
		} else if visibility.IsCut(w.GetUrl()) {
			d.add("webhook.url", "is truncated, as viewers see it: give the whole URL")
		}
	}
	if e := doc.GetEmail(); e != nil {
		checkEmail(d, e)
	}
	s := controlplane.SecretOf(doc)
	if s == nil {
		return // the rules of the proto say so
	}
	field := s.Way + "." + s.Field
	switch enabled := controlplane.IsEnabled(doc.Enabled); {
	case *s.Given != "":
		d.add(field, "is not sealed")
	case *s.Ref == "" && s.Unwanted == "" && enabled: // a rollback leaves such ones disabled
		d.add(field, "is required")
	}
}

func checkEmail(d document, e *adminv1.AlertEmail) {
	if _, err := netip.ParseAddr(e.GetHost()); err != nil && !hostName.MatchString(e.GetHost()) {
		d.add("email.host", "must be a host name or an address, without a port")
	}
	if e.GetSecurity() == controlplane.SMTPClear && !controlplane.IsLoopback(e.GetHost()) {
		d.add("email.security", "may be none only with a server at a loopback address")
	}
	if fault := addressFault(e.GetFrom(), true); fault != "" {
		d.add("email.from", "%s", fault)
	}
	for i, to := range e.GetTo() {
		if fault := addressFault(to, false); fault != "" {
			d.add(fmt.Sprintf("email.to[%d]", i), "%s", fault)
		}
	}
}

// checkAlertChannels checks that alert channels name providers and groups that exist, and
// that their secrets are stored.
func checkAlertChannels(c *controlplane.Config, found *report) {
	if !c.Changed(controlplane.KindProvider, controlplane.KindGroup, controlplane.KindAlertChannel) {
		return
	}
	for r := range c.All(controlplane.KindAlertChannel) {
		doc, ok := r.Spec.(*adminv1.AlertChannel)
		if !ok {
			continue
		}
		d := found.about(r)
		checkScope(c, d, doc)
		s := controlplane.SecretOf(doc)
		if s == nil || *s.Ref == "" {
			continue
		}
		if _, ok := c.Secret(*s.Ref); !ok {
			d.add(s.Way+"."+s.Field, "is not stored; enter it again")
		}
	}
}

// addressFault says what is wrong with an e-mail address.
func addressFault(text string, named bool) string {
	a, err := mail.ParseAddress(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "is not an e-mail address"
	case !named && a.Address != text:
		return "must be an address alone, such as ops@example.com"
	case strings.ContainsFunc(a.Address, func(r rune) bool { return r > 0x7e }):
		return "must be ASCII"
	}
	return ""
}

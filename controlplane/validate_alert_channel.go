package controlplane

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var errSigningKey = errors.New("is not the key of a webhook")

// hostName is a name in the DNS.
var hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?$`)

func (f *faults) alertChannel(r *Resource, doc *adminv1.AlertChannel) {
	f.name(r, doc.GetName())
	if w := doc.GetWebhook(); w != nil {
		if fault := receiverFault(w.GetUrl(), doc.GetAllowPrivateNetwork()); fault != "" {
			f.add(r, "webhook.url", "%s", fault)
		} else if visibility.IsCut(w.GetUrl()) {
			f.add(r, "webhook.url", "is cut short, as viewers see it: give the whole URL")
		}
	}
	if e := doc.GetEmail(); e != nil {
		f.email(r, e)
	}
	s := SecretOf(doc)
	if s == nil {
		return // the rules of the proto say so
	}
	field := s.Way + "." + s.Field
	switch enabled := enabledByDefault(doc.Enabled); {
	case *s.Given != "":
		f.add(r, field, "is not sealed")
	case *s.Ref == "" && s.Unwanted == "" && enabled: // a rollback leaves such ones disabled
		f.add(r, field, "is required")
	}
}

func (f *faults) email(r *Resource, e *adminv1.AlertEmail) {
	if _, err := netip.ParseAddr(e.GetHost()); err != nil && !hostName.MatchString(e.GetHost()) {
		f.add(r, "email.host", "must be a host name or an address, without a port")
	}
	if e.GetSecurity() == SMTPClear && !isLoopback(e.GetHost()) {
		f.add(r, "email.security", "may be none only with a server at a loopback address")
	}
	if fault := addressFault(e.GetFrom(), true); fault != "" {
		f.add(r, "email.from", "%s", fault)
	}
	for i, to := range e.GetTo() {
		if fault := addressFault(to, false); fault != "" {
			f.add(r, fmt.Sprintf("email.to[%d]", i), "%s", fault)
		}
	}
}

// checkAlertChannels checks that alert channels name providers and groups that exist, and
// that their secrets are stored.
func (c *Config) checkAlertChannels(f *faults) {
	if !c.changed(KindProvider, KindGroup, KindAlertChannel) {
		return
	}
	for _, r := range c.resources[KindAlertChannel] {
		doc, ok := r.Spec.(*adminv1.AlertChannel)
		if !ok {
			continue
		}
		c.filterNames(f, r, doc)
		if s := SecretOf(doc); s != nil && *s.Ref != "" && c.secrets[*s.Ref] == nil {
			f.add(r, s.Way+"."+s.Field, "is not stored; give it again")
		}
	}
}

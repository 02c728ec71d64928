package config

import (
	"cmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// OpenAlertChannel gives the secret of a stored alert channel in clear; empty when it needs none.
func (l *Live) OpenAlertChannel(r *controlplane.Resource) (secret string, err error) {
	return l.openAlertChannel(l.Current(), r.Spec.(*adminv1.AlertChannel))
}

// DraftAlertChannel gives an alert channel that is not stored as Create or Update would store
// it, and its secret in clear. What they would refuse is refused here.
func (l *Live) DraftAlertChannel(doc *adminv1.AlertChannel) (channel *adminv1.AlertChannel, secret string, err error) {
	c := l.Current()
	old, _ := c.Get(controlplane.KindAlertChannel, doc.GetName())
	t, violations, err := l.normalizer().normalize(c, doc, old)
	if err := cmp.Or(err, controlplane.InvalidConfig(violations)); err != nil {
		return nil, "", err
	}
	ops := []controlplane.Op{{Kind: controlplane.KindAlertChannel, Name: doc.GetName(), Spec: t.spec, Secrets: t.secrets}}
	changes := c.Changes(c.Revision+1, l.now(), "", ops, func() string { return "" })
	next := c.With(c.Revision+1, changes, t.secrets)
	if err := next.Validate(); err != nil {
		return nil, "", err
	}
	channel = t.spec.(*adminv1.AlertChannel)
	secret, err = l.openAlertChannel(next, channel)
	return channel, secret, err
}

func (l *Live) openAlertChannel(c *controlplane.Config, doc *adminv1.AlertChannel) (string, error) {
	s := controlplane.SecretOf(doc)
	if s == nil || s.Unwanted != "" {
		return "", nil
	}
	sealed, _ := c.Secret(*s.Ref)
	plain, err := l.cfg.Sealer.Open(sealed, s.Binding(doc.GetName()))
	if err != nil {
		return "", errs.Newf(errs.FailedPrecondition, "the secret of alert channel %q cannot be opened with this control plane's key; give it again", doc.GetName())
	}
	return string(plain), nil
}

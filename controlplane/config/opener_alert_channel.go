package config

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// OpenAlertChannel gives the secret of a stored alert channel in clear; empty when it needs none.
func (o *Opener) OpenAlertChannel(r *controlplane.Resource) (secret string, err error) {
	return o.openAlertChannel(o.live.Current(), r.Spec.(*adminv1.AlertChannel))
}

// DraftAlertChannel gives an alert channel that is not stored as Create or Update would store
// it, and its secret in clear. What they would refuse is refused here.
func (o *Opener) DraftAlertChannel(doc *adminv1.AlertChannel) (channel *adminv1.AlertChannel, secret string, err error) {
	next, stored, err := o.draft(doc)
	if err != nil {
		return nil, "", err
	}
	channel = stored.(*adminv1.AlertChannel)
	secret, err = o.openAlertChannel(next, channel)
	return channel, secret, err
}

func (o *Opener) openAlertChannel(c *controlplane.Config, doc *adminv1.AlertChannel) (string, error) {
	s := controlplane.SecretOf(doc)
	if s == nil || s.Unwanted != "" {
		return "", nil
	}
	sealed, _ := c.Secret(*s.Ref)
	plain, err := o.live.cfg.Sealer.Open(sealed, s.Binding(doc.GetName()))
	if err != nil {
		return "", errs.Newf(errs.FailedPrecondition, "the secret of alert channel %q cannot be decrypted with this control plane's master key; enter it again", doc.GetName())
	}
	return string(plain), nil
}

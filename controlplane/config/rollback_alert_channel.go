package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// alertChannel is a channel as it was, with the secret that it has now if that is still for
// the same place, else with the one that it had, if that is stored still.
func (r *rollback) alertChannel(name string, old *adminv1.AlertChannel, present *controlplane.Resource) proto.Message {
	doc := proto.CloneOf(old)
	s := controlplane.SecretOf(doc)
	if s == nil || s.Unwanted != "" {
		return doc
	}
	var have *controlplane.ChannelSecret
	if now, ok := specOf[*adminv1.AlertChannel](present); ok {
		have = controlplane.SecretOf(now)
	}
	if have != nil && have.Way == s.Way && have.Endpoint == s.Endpoint && *have.Ref != "" {
		if *have.Ref != *s.Ref {
			r.except(controlplane.KindAlertChannel, name, "its secret was replaced since, and stays so")
		}
		s.Keep(have)
		return doc
	}
	if *s.Ref == "" || r.used[*s.Ref] {
		return doc
	}
	if secret := r.stored[*s.Ref]; secret != nil {
		r.secrets = append(r.secrets, *secret)
		return doc
	}
	r.except(controlplane.KindAlertChannel, name, "its secret is not stored any more; it is disabled until that is given again")
	s.Clear()
	doc.Enabled = proto.Bool(false)
	return doc
}

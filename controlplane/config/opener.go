package config

import (
	"cmp"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// Opener opens the secrets of documents, for those who call what the documents name.
type Opener struct{ live *Live }

// NewOpener makes an Opener.
func NewOpener(live *Live) *Opener { return &Opener{live} }

// draft is the configuration as it would be if doc were created or updated. What that would
// refuse is refused here.
func (o *Opener) draft(doc proto.Message) (next *controlplane.Config, stored proto.Message, err error) {
	kind, name, err := KindOf(doc)
	if err != nil {
		return nil, nil, err
	}
	c := o.live.Current()
	old, _ := c.Get(kind, name)
	t, violations, err := o.live.normalizer().normalize(c, doc, old)
	if err := cmp.Or(err, controlplane.InvalidConfig(violations)); err != nil {
		return nil, nil, err
	}
	next, err = o.live.preview(c, []controlplane.Op{{Kind: kind, Name: name, Spec: t.spec, Secrets: t.secrets}}, t.secrets)
	return next, t.spec, err
}

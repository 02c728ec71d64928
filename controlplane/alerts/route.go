package alerts

import (
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// channel is an alert channel that is told of things.
type channel struct {
	uid      string
	resource *controlplane.Resource
	doc      *adminv1.AlertChannel
}

// channels lists the enabled ones of a configuration.
func channels(c *controlplane.Config) (enabled []channel) {
	for _, r := range c.List(controlplane.KindAlertChannel) {
		doc, ok := r.Spec.(*adminv1.AlertChannel)
		if ok && controlplane.IsEnabled(doc.Enabled) {
			enabled = append(enabled, channel{r.UID, r, doc})
		}
	}
	return enabled
}

// wants reports whether the channel is told when an alert fires.
func (c channel) wants(a *adminv1.Alert) bool {
	if events := c.doc.GetEvents(); len(events) > 0 && !slices.Contains(events, a.GetEvent()) {
		return false
	}
	return about(c.doc.GetProviders(), []string{a.GetProvider()}) && about(c.doc.GetGroups(), append([]string{a.GetGroup()}, a.GetGroups()...))
}

// about reports whether an alert passes a filter: what is about nothing of the kind does.
func about(filter, names []string) bool {
	if len(filter) == 0 {
		return true
	}
	named := false
	for _, name := range names {
		if name == "" {
			continue
		}
		if slices.Contains(filter, name) {
			return true
		}
		named = true
	}
	return !named
}

// route says who is told of a change, and notes it in the change. Whoever was not told that
// it fires is not told that it is over.
func (c *change) route(all []channel) (told []channel) {
	if !c.tell {
		return nil
	}
	for _, ch := range all {
		switch knows := slices.Contains(c.Told, ch.uid); {
		case c.Firing() && ch.wants(c.Alert):
			if !knows {
				c.Told = append(slices.Clip(c.Told), ch.uid)
			}
		case !c.Firing() && knows && controlplane.IsEnabled(ch.doc.SendResolved):
		default:
			continue
		}
		told = append(told, ch)
	}
	return told
}

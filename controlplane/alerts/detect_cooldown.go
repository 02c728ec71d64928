package alerts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Nodes knows the nodes of all control-plane replicas.
type Nodes interface {
	// Nodes lists them. The list is the caller's; the nodes in it are shared and must not be changed.
	Nodes() []*adminv1.Node
	// Incomplete says why nodes of other replicas are missing or shown as they were; empty when they are not.
	Incomplete() string
}

// Current gives the present configuration.
type Current interface{ Current() *controlplane.Config }

// healthEvery is how often the health that nodes report is looked at, which costs no query.
const healthEvery = 2 * time.Second

// Cooldowns finds providers, models and credentials that calls skip.
type Cooldowns struct {
	Live  Current
	Nodes Nodes
}

// Event implements Detector.
func (Cooldowns) Event() string { return EventCooldown }

// Every implements Detector.
func (Cooldowns) Every() time.Duration { return healthEvery }

// part is a provider as a whole, or one of its models or credentials.
type part struct{ provider, model, credential string }

func (p part) subject() string {
	return strings.Join([]string{p.provider, p.model, p.credential}, "\x1f")
}

func (p part) String() string {
	switch {
	case p.model != "":
		return p.provider + "/" + p.model
	case p.credential != "":
		return fmt.Sprintf("credential %s of %s", p.credential, p.provider)
	}
	return "provider " + p.provider
}

// cooling is what the nodes say of a part.
type cooling struct {
	nodes     []string // on which it cools; none: it is only being probed
	remaining time.Duration
	reason    string
}

// Look implements Detector. Nodes that are not connected say nothing, and when none is,
// nothing is known.
func (d Cooldowns) Look(context.Context) (found []Condition, ok bool) {
	nodes := connected(d.Nodes)
	if len(nodes) == 0 {
		return nil, false
	}
	c := d.Live.Current()
	parts := map[part]*cooling{}
	for _, n := range nodes {
		for _, t := range n.GetTargets() {
			noteCooling(parts, n.GetName(), t)
		}
	}
	groups := map[string][]string{}
	if len(parts) > 0 {
		groups = groupsByProvider(c)
	}
	for _, p := range slices.SortedFunc(maps.Keys(parts), func(a, b part) int { return strings.Compare(a.subject(), b.subject()) }) {
		r, exists := c.Get(controlplane.KindProvider, p.provider)
		if !exists || !controlplane.IsEnabled(r.Spec.(*adminv1.Provider).Enabled) {
			continue
		}
		seen := parts[p]
		whole := parts[part{provider: p.provider}]
		found = append(found, Condition{
			Subject: p.subject(), Severity: 1,
			// A provider that cools is told once, and not with each of its models.
			Keep: len(seen.nodes) == 0 || p != part{provider: p.provider} && whole != nil && len(whole.nodes) > 0,
			Alert: summarized(EventCooldown, &adminv1.Alert{
				Provider: p.provider, Model: p.model, Credential: p.credential, Nodes: firstOf(seen.nodes, 20), Groups: firstOf(groups[p.provider], 100), Reason: seen.reason,
				Count: int32(len(seen.nodes)), NodeCount: int32(len(nodes)),
			}),
		})
	}
	return found, true
}

func noteCooling(parts map[part]*cooling, node string, t *adminv1.TargetHealth) {
	state := t.GetState()
	if state != adminv1.TargetState_TARGET_STATE_COOLING && state != adminv1.TargetState_TARGET_STATE_PROBING {
		return
	}
	p := part{t.GetProvider(), t.GetModel(), t.GetCredential()}
	if parts[p] == nil {
		parts[p] = &cooling{}
	}
	if state != adminv1.TargetState_TARGET_STATE_COOLING {
		return
	}
	seen := parts[p]
	seen.nodes = append(seen.nodes, node)
	if left := t.GetRemaining().AsDuration(); seen.reason == "" || left > seen.remaining {
		seen.remaining, seen.reason = left, oneLine(t.GetReason())
	}
}

// connected lists the nodes that are connected.
func connected(all Nodes) (nodes []*adminv1.Node) {
	for _, n := range all.Nodes() {
		if n.GetConnected() {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// groupsByProvider names, in order, the groups with a member of each provider.
func groupsByProvider(c *controlplane.Config) map[string][]string {
	of := map[string][]string{}
	for _, r := range c.List(controlplane.KindGroup) {
		doc, _ := r.Spec.(*adminv1.Group)
		for _, m := range doc.GetMembers() {
			if names := of[m.GetProvider()]; len(names) == 0 || names[len(names)-1] != r.Name {
				of[m.GetProvider()] = append(names, r.Name)
			}
		}
	}
	return of
}

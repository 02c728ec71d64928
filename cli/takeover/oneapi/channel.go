package oneapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// offer is a model that a channel serves.
type offer struct {
	name     string // as clients call it
	member   *adminv1.Member
	priority int64 // the highest first
	weight   int64
}

// channel makes a provider of a channel, and notes which models it offers.
func (r *reader) channel(n *takeover.Node) {
	number, _ := n.Get("type").Int()
	kind, known := r.types[number]
	switch {
	case !known:
		r.d.Leave(n, "its type %d is not known", number)
		return
	case kind.reason != "":
		r.d.Leave(n, "its type %d cannot be reached: %s", number, kind.reason)
		return
	}
	base, reason := address(n.Get("base_url"), kind)
	if reason != "" {
		r.d.Leave(n, "%s", reason)
		return
	}
	p := r.d.Provider(cmp.Or(n.Get("name").Text(), kind.name), &adminv1.Provider{
		BaseUrl: base, Dialect: kind.dialect, AllowPrivateNetwork: takeover.IsPrivate(base),
	})
	r.credentials(n, p)
	r.headers(n, p)
	r.d.Took(n, "provider %s at %s", p.GetName(), base)
	if status, ok := n.Get("status").Int(); ok && status != 1 {
		p.Enabled = proto.Bool(false)
		r.d.Took(n.Get("status"), "provider %s is disabled", p.GetName())
	}
	r.d.Leave(n.Get("param_override"), "write field rules of the provider: action force sets a field, drop takes it away")
	r.d.Leave(n.Get("setting"), "see what it sets: each is a field of the provider here, or does not exist")
	r.d.Leave(n.Get("settings"), "see what it sets: each is a field of the provider here, or does not exist")
	if number != 8 {
		r.d.Leave(n.Get("other"), "it is a version or region of the vendor's own API, which is not spoken")
	}
	r.models(n, p)
}

// address is where a channel goes: its own address or that of its type, and the path of the API.
func address(n *takeover.Node, kind channelType) (base, reason string) {
	own := strings.TrimRight(strings.TrimSpace(n.Text()), "/")
	base = cmp.Or(own, kind.base)
	switch {
	case base == "":
		return "", "it has no address, and its type needs one"
	case !takeover.HasHost(base):
		return "", "its base_url is no address"
	case strings.HasSuffix(base, "/chat/completions"), strings.HasSuffix(base, kind.path):
		return base, ""
	}
	return base + kind.path, ""
}

// credentials are the keys of a channel, one a line.
func (r *reader) credentials(n *takeover.Node, p *adminv1.Provider) {
	key, info := n.Get("key"), n.Get("channel_info")
	if !info.IsMap() {
		info = info.Embedded()
	}
	keys := listOf(key.Text(), "\n")
	if len(keys) == 0 {
		r.d.Bent(n, "provider %s has no key: the list of channels does not tell them, rows of the database do", p.GetName())
		p.Credentials = []*adminv1.Credential{{Name: "main", Secret: r.d.Missing(p.GetName() + "_API_KEY")}}
		return
	}
	for i, secret := range keys {
		name := "main"
		if len(keys) > 1 {
			name = fmt.Sprintf("key-%d", i+1)
		}
		c := &adminv1.Credential{Name: name, Secret: r.d.Secret(p.GetName()+"_API_KEY", secret)}
		if status := info.Get("multi_key_status_list").Get(fmt.Sprint(i)); status.Given() && status.Text() != "1" {
			c.Enabled = proto.Bool(false)
			r.d.Took(status, "credential %s of provider %s is disabled", name, p.GetName())
		}
		p.Credentials = append(p.Credentials, c)
	}
	info.Get("is_multi_key").Use()
}

func (r *reader) headers(n *takeover.Node, p *adminv1.Provider) {
	set := func(name, value string) {
		if p.Headers == nil {
			p.Headers = map[string]string{}
		}
		p.Headers[name] = value
	}
	if org := n.Get("openai_organization").Text(); org != "" {
		set("OpenAI-Organization", r.d.Secret(p.GetName()+"_ORGANIZATION", org))
	}
	override := n.Get("header_override")
	if !override.IsMap() {
		override = override.Embedded()
	}
	for _, h := range override.Each() {
		if value := h.Text(); strings.ContainsAny(value, "{}") || value == "" {
			r.d.Leave(h, "its value is put together for each call")
		} else {
			set(h.Key, r.d.Secret(p.GetName()+"_"+h.Key, value))
			r.d.Took(h, "header of provider %s", p.GetName())
		}
	}
}

// models notes what a channel offers, for the group of users that is taken over.
func (r *reader) models(n *takeover.Node, p *adminv1.Provider) {
	mapping := n.Get("model_mapping")
	if !mapping.IsMap() {
		mapping = mapping.Embedded()
	}
	to := map[string]string{}
	for _, m := range mapping.Each() {
		to[m.Key] = m.Text()
	}
	priority, _ := n.Get("priority").Int()
	weight, weighted := n.Get("weight").Int()
	if weighted && weight > 0 && !r.weighs {
		r.d.Leave(n.Get("weight"), "one-api itself does not use it: channels of one priority share the calls evenly")
	}
	users := listOf(n.Get("group").Text(), ",")
	served := len(users) == 0 || slices.Contains(users, r.d.UserGroup)
	if !served {
		r.d.Bent(n.Get("group"), "provider %s is in no group: it is for the users of %s alone, and names of models are for everybody here; --user-group takes those of another group of users",
			p.GetName(), strings.Join(users, ", "))
	} else if len(users) > 1 {
		r.d.Bent(n.Get("group"), "who may use a model is up to the groups of a key")
	}
	for _, name := range listOf(n.Get("models").Text(), ",") {
		id := name
		for range len(to) { // mappings may chain
			next := to[id]
			if next == "" || next == id {
				break
			}
			id = next
		}
		takeover.AddModel(p, id)
		if served {
			r.offered = append(r.offered, &offer{name, &adminv1.Member{Provider: p.GetName(), Model: id}, priority, weight})
		}
	}
}

// groups makes a group of each model, its channels in the order of their priorities.
func (r *reader) groups() {
	for _, o := range r.offered {
		g := r.d.Group(o.name)
		g.Selection = "weighted"
		var ranks []int64
		even := true
		for _, other := range r.offered {
			if strings.EqualFold(other.name, o.name) {
				ranks = append(ranks, other.priority)
				even = even && other.weight == o.weight
			}
		}
		slices.Sort(ranks)
		ranks = slices.Compact(ranks)
		o.member.Priority = int32(len(ranks) - slices.Index(ranks, o.priority))
		if r.weighs && !even {
			o.member.Weight = proto.Int32(int32(min(max(o.weight, 1), 1_000_000)))
		}
		g.Members = append(g.Members, o.member)
	}
}

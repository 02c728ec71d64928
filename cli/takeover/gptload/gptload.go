// Package gptload reads groups and keys of GPT-Load, as its API answers, as rows of its database,
// and as the text files of keys that it exports. A group there is a pool of keys for one or more
// upstreams, which become providers; models are not known there, but for the one it tests with.
package gptload

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Source reads exports of GPT-Load.
type Source struct{}

// Name implements takeover.Source.
func (Source) Name() string { return "gpt-load" }

// About implements takeover.Source.
func (Source) About() string {
	return "GPT-Load's groups and keys: its SQLite file, a dump by mysqldump or pg_dump, JSON as its API answers or rows of its database, and the keys-GROUP-all.txt that it exports"
}

// reader is one run.
type reader struct {
	d      *takeover.Draft
	groups []*takeover.Node
	keys   map[string][]*takeover.Node // by the id of their group
	texts  map[string][]string         // keys of text files, by the name of their group
	made   map[string][]*adminv1.Member
}

// exported is how GPT-Load names its files of keys.
var exported = regexp.MustCompile(`^keys-(.+)-(all|active|invalid)\.txt$`)

// sealed is how the database holds keys where GPT-Load has an ENCRYPTION_KEY: AES-GCM of a key of 18 characters
// or more, in hexadecimal.
var sealed = regexp.MustCompile(`^(?:[0-9a-f]{2}){46,}$`)

// Read implements takeover.Source.
func (Source) Read(files []*takeover.File, d *takeover.Draft) error {
	r := &reader{d: d, keys: map[string][]*takeover.Node{}, texts: map[string][]string{}, made: map[string][]*adminv1.Member{}}
	var roots []*takeover.Node
	for _, f := range files {
		if m := exported.FindStringSubmatch(filepath.Base(f.Name)); m != nil {
			r.texts[m[1]] = append(r.texts[m[1]], strings.Fields(string(f.Data))...)
			continue
		}
		root, err := f.Tree("groups", "api_keys")
		if err != nil {
			return err
		}
		if !r.sort(root) {
			return exit.Invalidf("%s: there are no groups and no keys: is it an export of GPT-Load?", f.Name)
		}
		roots = append(roots, root)
	}
	if len(r.groups) == 0 {
		return exit.Invalidf("there are no groups: give the answer of /api/groups, or the database")
	}
	for _, g := range r.groups {
		if g.Get("group_type").Text() != "aggregate" {
			r.standard(g)
		}
	}
	for _, g := range r.groups {
		if g.Get("group_type").Text() == "aggregate" {
			d.Leave(g, "its parts are members of the groups of their models already: give those members weights")
		}
	}
	for name := range r.texts {
		if _, ok := r.made[name]; !ok {
			return exit.Invalidf("there are keys of group %s and no such group", name)
		}
	}
	for _, root := range roots {
		d.Rest(root, why)
	}
	return nil
}

// sort finds groups and keys in what an API wraps around them, or in tables.
func (r *reader) sort(n *takeover.Node) (found bool) {
	switch {
	case n.Get("upstreams").Given():
		r.groups = append(r.groups, n)
		return true
	case n.Get("key_value").Given():
		id := n.Get("group_id").Text()
		r.keys[id] = append(r.keys[id], n)
		return true
	case n.IsList():
		for _, item := range n.Each() {
			found = r.sort(item) || found
		}
		return found
	}
	for _, key := range []string{"data", "items", "groups", "api_keys"} {
		if inner := n.Get(key); inner.IsList() || inner.IsMap() {
			found = r.sort(inner) || found || inner.IsList()
		}
	}
	for _, key := range []string{"code", "message", "pagination"} {
		n.Get(key).Use()
	}
	return found
}

// standard makes a provider of each upstream of a group, all with the keys of the group.
func (r *reader) standard(n *takeover.Node) {
	name := n.Get("name").Text()
	path, dialect := "/v1", ""
	switch kind := n.Get("channel_type").Text(); kind {
	case "openai", "openai-response":
	case "anthropic":
		dialect = "anthropic"
	case "gemini":
		path = "/v1beta/openai"
	default:
		r.d.Leave(n, "its channel_type %q is not known", kind)
		return
	}
	upstreams := n.Get("upstreams")
	if !upstreams.IsList() {
		upstreams = upstreams.Embedded()
	}
	members := []*adminv1.Member{}
	for _, up := range upstreams.Each() {
		base := strings.TrimRight(up.Get("url").Text(), "/")
		weight, weighted := up.Get("weight").Int()
		if !takeover.HasHost(base) {
			r.d.Leave(up, "its url is no address")
			continue
		}
		if !strings.HasSuffix(base, path) && !strings.HasSuffix(base, "/v1") {
			base += path
		}
		p := r.d.Provider(name, &adminv1.Provider{BaseUrl: base, Dialect: dialect, AllowPrivateNetwork: takeover.IsPrivate(base)})
		r.credentials(n, p)
		r.headers(n, p)
		r.timers(n, p)
		m := &adminv1.Member{Provider: p.GetName(), Priority: 1}
		switch {
		case weighted && weight > 0:
			m.Weight = proto.Int32(int32(min(weight, 1_000_000)))
		case weighted:
			m.Enabled = proto.Bool(false)
		}
		members = append(members, m)
		r.d.Took(up, "provider %s at %s", p.GetName(), base)
	}
	r.made[name] = members
	r.model(n, name, members)
	r.d.Leave(n.Get("param_overrides"), "write field rules of the providers: action force sets a field")
}

// model makes the group of the one model that is known, and the keys of the proxy.
func (r *reader) model(n *takeover.Node, name string, members []*adminv1.Member) {
	test := n.Get("test_model")
	id := test.Text()
	if id == "" || len(members) == 0 {
		return
	}
	for _, m := range members {
		for _, p := range r.d.Providers {
			if p.GetName() == m.GetProvider() {
				takeover.AddModel(p, id)
			}
		}
		m.Model = id
	}
	g := r.d.Group(id)
	g.Selection = "weighted"
	g.Members = append(g.Members, members...)
	r.d.Bent(test, "group %s; GPT-Load passes any model on, here each is listed: run trunklinectl providers import-models, and make groups of those that clients use", id)
	for i, secret := range strings.FieldsFunc(n.Get("proxy_keys").Text(), func(c rune) bool { return c == ',' || c == '\n' || c == ' ' }) {
		if len(secret) < 16 || len(secret) > 256 {
			r.d.Bent(n.Get("proxy_keys"), "key %d is left out: keys have 16 to 256 characters", i+1)
			continue
		}
		key := &adminv1.ApiKey{Name: r.d.Name("ApiKey", name), Groups: []string{g.GetName()}}
		key.Secret = r.d.Secret("KEY_"+key.GetName(), secret)
		r.d.Keys = append(r.d.Keys, key)
		r.d.Took(n.Get("proxy_keys"), "API key %s", key.GetName())
	}
}

// credentials are the keys of a group's pool.
func (r *reader) credentials(n *takeover.Node, p *adminv1.Provider) {
	add := func(secret string, enabled bool) {
		c := &adminv1.Credential{Name: fmt.Sprintf("key-%d", len(p.GetCredentials())+1), Secret: r.d.Secret(n.Get("name").Text()+"_API_KEY", secret)}
		if !enabled {
			c.Enabled = proto.Bool(false)
		}
		p.Credentials = append(p.Credentials, c)
	}
	for _, k := range r.keys[cmp.Or(n.Get("id").Text(), "?")] {
		value := k.Get("key_value").Text()
		if k.Get("status"); value == "failed-to-decrypt" {
			r.d.Leave(k, "GPT-Load could not decrypt it")
			continue
		}
		if sealed.MatchString(value) {
			r.d.Leave(k, "it is encrypted in the database: have GPT-Load export the keys of the group, and give that file too")
			continue
		}
		active := k.Get("status").Text() != "invalid"
		add(value, active)
		if !active {
			r.d.Bent(k.Get("status"), "credential %s of provider %s is disabled", p.GetCredentials()[len(p.GetCredentials())-1].GetName(), p.GetName())
		}
	}
	for _, secret := range r.texts[n.Get("name").Text()] {
		add(secret, true)
	}
	if len(p.GetCredentials()) == 0 {
		r.d.Bent(n.Get("name"), "provider %s has no key: export those of the group, and give that file too", p.GetName())
	}
}

func (r *reader) headers(n *takeover.Node, p *adminv1.Provider) {
	rules := n.Get("header_rules")
	if !rules.IsList() {
		rules = rules.Embedded()
	}
	for _, rule := range rules.Each() {
		key, value := rule.Get("key").Text(), rule.Get("value").Text()
		switch {
		case rule.Get("action").Text() == "remove":
			r.d.Leave(rule, "headers of clients are not passed on, but for those of forward_headers")
		case strings.Contains(value, "${"):
			r.d.Leave(rule, "its value is put together for each call")
		default:
			if p.Headers == nil {
				p.Headers = map[string]string{}
			}
			p.Headers[key] = r.d.Secret(p.GetName()+"_"+key, value)
			r.d.Took(rule, "header %s of provider %s", key, p.GetName())
		}
	}
}

// timers are in seconds.
func (r *reader) timers(n *takeover.Node, p *adminv1.Provider) {
	config := n.Get("config")
	if !config.IsMap() {
		config = config.Embedded()
	}
	t := &adminv1.ProviderTimeouts{}
	for key, at := range map[string]struct {
		field **durationpb.Duration
		most  time.Duration
	}{
		"request_timeout": {&t.Response, time.Hour}, "connect_timeout": {&t.Connect, 10 * time.Minute}, "response_header_timeout": {&t.FirstToken, time.Hour},
	} {
		if s, ok := config.Get(key).Int(); ok && s > 0 {
			*at.field = durationpb.New(min(time.Duration(min(s, 1<<20))*time.Second, at.most))
		}
	}
	if t.GetResponse() != nil || t.GetConnect() != nil || t.GetFirstToken() != nil {
		p.Timeouts = t
	}
}

func why(path string) string {
	const bookkeeping = "statistics of the old gateway; counting starts again"
	key := path[strings.LastIndex(path, ".")+1:]
	if strings.Contains(path, "effective_config.") {
		return "settings of the whole gateway; those of the group itself are in config"
	}
	return map[string]string{
		"id": bookkeeping, "group_id": bookkeeping, "created_at": bookkeeping, "updated_at": bookkeeping, "last_validated_at": bookkeeping, "last_used_at": bookkeeping,
		"request_count": bookkeeping, "failure_count": bookkeeping, "key_hash": bookkeeping, "endpoint": "clients name a model instead of a group: all go to /v1",
		"display_name": "providers have one name", "description": "providers have no descriptions", "notes": "credentials have no notes", "sort": "lists are in name order",
		"validation_endpoint": "keys are not tested in the background: one that fails is cooled down and tried again",
		"proxy_url":           "set the proxy of the provider",
		"max_retries":         "failover.max_attempts of the settings, or the policy of a group",
		"blacklist_threshold": "failover.failure_threshold of the settings, or the policy of a group",
	}[key]
}

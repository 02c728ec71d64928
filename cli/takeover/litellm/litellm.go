// Package litellm reads the config.yaml of LiteLLM's proxy. Deployments of one model_name become
// the members of a group, and each account that they name becomes a provider.
package litellm

import (
	"fmt"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Source reads config.yaml.
type Source struct{}

// Name implements takeover.Source.
func (Source) Name() string { return "litellm" }

// About implements takeover.Source.
func (Source) About() string { return "LiteLLM's config.yaml" }

// reader is one run over one file.
type reader struct {
	d           *takeover.Draft
	accounts    map[string]*adminv1.Provider // by all that makes them differ
	credentials map[string]*takeover.Node    // of credential_list, by name
	deployments map[string][]*deployment     // by model_name
	order       []string                     // of the model names
}

// Read implements takeover.Source.
func (Source) Read(files []*takeover.File, d *takeover.Draft) error {
	for _, f := range files {
		root, err := f.Tree()
		if err != nil {
			return err
		}
		if !root.IsMap() || !root.Get("model_list").IsList() {
			return exit.Invalidf("%s: there is no model_list: is it LiteLLM's config.yaml?", f.Name)
		}
		r := &reader{d: d, accounts: map[string]*adminv1.Provider{}, credentials: map[string]*takeover.Node{}, deployments: map[string][]*deployment{}}
		r.read(root)
		d.Rest(root, why)
	}
	return nil
}

func (r *reader) read(root *takeover.Node) {
	// Their names are taken before any name is made up for a secret that is written out.
	root.Scalars(func(text string) {
		if name, ok := strings.CutPrefix(text, variablePrefix); ok {
			r.d.Variable(name)
		}
	})
	for _, v := range root.Get("environment_variables").Each() {
		if value := v.Text(); !strings.HasPrefix(value, variablePrefix) {
			r.d.Know(v.Key, value)
		}
		r.d.Leave(v, "set it in the environment of whoever applies the manifest")
	}
	for _, c := range root.Get("credential_list").Each() {
		if name := c.Get("credential_name").Text(); name != "" {
			r.credentials[name] = c.Get("credential_values")
		}
	}
	for _, entry := range root.Get("model_list").Each() {
		r.entry(entry)
	}
	router, library := root.Get("router_settings"), root.Get("litellm_settings")
	r.groups(router)
	r.aliases(router.Get("model_group_alias"))
	r.fallbacks(router, library)
	r.policy(router, library)
	r.masterKey(root.Get("general_settings").Get("master_key"))
}

// variablePrefix marks a value that is in the environment.
const variablePrefix = "os.environ/"

// secret gives what stands in the document for a secret of the file.
func (r *reader) secret(n *takeover.Node, what string) string {
	value := n.Text()
	if name, ok := strings.CutPrefix(value, variablePrefix); ok {
		return r.d.Variable(name)
	}
	return r.d.Secret(what, value)
}

// masterKey keeps the key that clients use too. It is no admin's here.
func (r *reader) masterKey(n *takeover.Node) {
	if !n.Given() {
		return
	}
	value := n.Text()
	if !strings.HasPrefix(value, variablePrefix) && len(value) < 16 {
		r.d.Leave(n, "keys have 16 characters at least: make a new one with trunklinectl keys create")
		return
	}
	key := &adminv1.ApiKey{Name: r.d.Name("ApiKey", "litellm-master-key"), Secret: r.secret(n, "LITELLM_MASTER_KEY")}
	for _, g := range r.d.Groups {
		key.Groups = append(key.Groups, g.GetName())
	}
	r.d.Keys = append(r.d.Keys, key)
	r.d.Bent(n, "API key %s for every group; it opens /v1 and no longer the admin API", key.GetName())
}

// why says of what is left why, where the reason is known.
func why(path string) string {
	for prefix, reason := range reasons() {
		if strings.HasPrefix(path, prefix) {
			return reason
		}
	}
	return ""
}

func reasons() map[string]string {
	const callbacks = "calls are in Trunkline's own log, metrics and traces; see docs/metrics.md"
	const shared = "nodes share their state through the Redis of their own --redis-url"
	return map[string]string{
		"litellm_settings.success_callback":   callbacks,
		"litellm_settings.failure_callback":   callbacks,
		"litellm_settings.callbacks":          callbacks,
		"litellm_settings.service_callbacks":  callbacks,
		"litellm_settings.cache":              "answers are not cached",
		"litellm_settings.drop_params":        "what a model refuses is learned from its answers; a field rule with action drop does it always",
		"model_list[*].litellm_params.drop":   "what a model refuses is learned from its answers; a field rule with action drop does it always",
		"router_settings.redis":               shared,
		"router_settings.retry_policy":        "which failures move on is fixed by their outcome; see docs/reference/outcomes.md",
		"router_settings.allowed_fails_polic": "which failures count is fixed by their outcome; see docs/reference/outcomes.md",
		"general_settings.database":           "the database is set with --database-url",
		"general_settings.store_model_in_db":  "the configuration is always in the database",
		"general_settings.alerting":           "alerts are documents of their own; see docs/alerts.md",
		"model_list[*].model_info.mode":       "a model serves every endpoint that its provider has",
		"model_list[*].model_info.id":         "a target is named by its provider and model",
		"model_list[*].model_info.base_model": "prices are those of the model itself",
		"model_list[*].litellm_params.rpm":    "a target has no limit of calls per minute: a provider that refuses is cooled down and passed by",
		"model_list[*].litellm_params.tpm":    "a target has no limit of tokens per minute: a provider that refuses is cooled down and passed by",
		"model_list[*].model_info.supports":   "what a model refuses is learned from its answers",
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

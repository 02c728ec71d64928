package litellm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	"github.com/trunkline-ai/trunkline/internal/domain/preset"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// deployment is one entry of model_list that was taken over.
type deployment struct {
	member                 *adminv1.Member
	order                  *int64 // nil without one
	weightAt, rpmAt, tpmAt *takeover.Node
}

// entry makes a provider, its model and a member of one entry of model_list.
func (r *reader) entry(n *takeover.Node) {
	name, params := n.Get("model_name").Text(), n.Get("litellm_params")
	model := params.Get("model").Text()
	switch {
	case name == "" || model == "":
		r.d.Leave(n, "it has no model_name, or no litellm_params.model")
		return
	case strings.Contains(name, "*") || strings.Contains(model, "*"):
		r.d.Leave(n, "a group lists its models: import those of the provider (providers import-models), then make groups of them")
		return
	}
	p, id, reason := r.account(params, model)
	if p == nil {
		r.d.Leave(n, "%s", reason)
		return
	}
	m := takeover.AddModel(p, id)
	r.about(m, params, n.Get("model_info"))
	r.rules(m, params)
	if _, seen := r.deployments[name]; !seen {
		r.order = append(r.order, name)
	}
	dep := &deployment{member: &adminv1.Member{Provider: p.GetName(), Model: id}, weightAt: params.Get("weight")}
	if order, ok := params.Get("order").Int(); ok {
		dep.order = &order
	}
	dep.rpmAt, dep.tpmAt = first(params.Get("rpm"), n.Get("rpm")), first(params.Get("tpm"), n.Get("tpm"))
	r.deployments[name] = append(r.deployments[name], dep)
	r.d.Took(n, "member %s/%s of group %s", p.GetName(), id, name)
}

func first(a, b *takeover.Node) *takeover.Node {
	if a.Given() {
		return a
	}
	return b
}

// account gives the provider of a deployment, one for each address, key and set of timers,
// and the model's id there. It is nil with a reason when Trunkline cannot speak to it.
func (r *reader) account(params *takeover.Node, model string) (p *adminv1.Provider, id, reason string) {
	stored := r.credentials[params.Get("litellm_credential_name").Text()]
	value := func(keys ...string) *takeover.Node { return first(params.First(keys...), stored.First(keys...)) }
	base, key := value("api_base", "base_url"), value("api_key")
	vendor, id := split(model, params.Get("custom_llm_provider").Text(), base.Text())
	reached, reason := address(vendor, base.Text())
	if reason != "" {
		return nil, "", reason
	}
	org, version := value("organization"), value("api_version")
	timers := timeouts(params)
	url := reached.GetBaseUrl()
	identity := fmt.Sprint(url, reached.GetDialect(), key.Text(), org.Text(), timers, params.Get("max_parallel_requests").Text(), headersOf(params), params.First("temperature", "top_p", "max_tokens") != nil)
	if len(defaults(params)) > 0 {
		identity += fmt.Sprint(defaults(params))
	}
	if p = r.accounts[identity]; p != nil {
		return p, id, ""
	}
	reached.Timeouts, reached.AllowPrivateNetwork = timers, takeover.IsPrivate(url)
	p = r.d.Provider(vendor, reached)
	r.accounts[identity] = p
	if key.Given() && key.Text() != "" {
		p.Credentials = []*adminv1.Credential{{Name: "main", Secret: r.secret(key, p.GetName()+"_API_KEY")}}
	}
	if org.Given() {
		p.Headers = map[string]string{"OpenAI-Organization": r.secret(org, p.GetName()+"_ORGANIZATION")}
	}
	for _, h := range params.Get("extra_headers").Each() {
		if p.Headers == nil {
			p.Headers = map[string]string{}
		}
		p.Headers[h.Key] = r.secret(h, p.GetName()+"_"+h.Key)
	}
	if n, ok := params.Get("max_parallel_requests").Int(); ok && n > 0 && n <= 1_000_000 {
		p.MaxInFlight = int32(n)
		r.d.Bent(params.Get("max_parallel_requests"), "max_in_flight of provider %s, which holds for each node", p.GetName())
	}
	r.d.Leave(version, "the address ends in /openai/v1, which needs no api-version")
	if base.Given() && url != base.Text() {
		r.d.Bent(base, "base_url %s of provider %s", url, p.GetName())
	}
	return p, id, ""
}

func headersOf(params *takeover.Node) string {
	if h := params.Get("extra_headers"); h.Given() {
		return h.JSON()
	}
	return ""
}

// timeouts are those of one deployment, in seconds there.
func timeouts(params *takeover.Node) *adminv1.ProviderTimeouts {
	t := &adminv1.ProviderTimeouts{Response: seconds(params.Get("timeout")), FirstToken: seconds(params.Get("stream_timeout"))}
	if t.GetResponse() == nil && t.GetFirstToken() == nil {
		return nil
	}
	return t
}

// seconds reads a time of 1 ms to an hour.
func seconds(n *takeover.Node) *durationpb.Duration {
	s, ok := n.Number()
	if !ok || s.Sign() <= 0 {
		return nil
	}
	f, _ := s.Float64()
	d := min(max(time.Duration(f*float64(time.Second)), time.Millisecond), time.Hour)
	return durationpb.New(d)
}

// split parts the vendor from the model, as LiteLLM does.
func split(model, custom, base string) (vendor, id string) {
	if custom != "" {
		return vendorOf(custom), strings.TrimPrefix(model, custom+"/")
	}
	prefix, rest, ok := strings.Cut(model, "/")
	switch {
	case ok && vendorOf(prefix) != "":
		return vendorOf(prefix), rest
	case ok:
		return prefix, rest
	case strings.HasPrefix(model, "claude"):
		return "anthropic", model
	case strings.HasPrefix(model, "gemini"):
		return "vertex_ai", model // without a prefix LiteLLM goes to Vertex AI
	case base != "" || slices.ContainsFunc([]string{"gpt-", "o1", "o3", "o4", "ft:", "text-embedding-", "dall-e-", "whisper-", "tts-", "chatgpt-"},
		func(p string) bool { return strings.HasPrefix(model, p) }):
		return "openai", model
	}
	return "?", model
}

// vendorOf is our name for a prefix of LiteLLM; "" when Trunkline does not speak to it.
func vendorOf(prefix string) string {
	return map[string]string{
		"openai": "openai", "text-completion-openai": "openai", "custom_openai": "custom", "openai_like": "custom", "litellm_proxy": "custom",
		"azure": "azure", "anthropic": "anthropic", "gemini": "gemini", "deepseek": "deepseek", "dashscope": "qwen", "moonshot": "moonshot",
		"zai": "zhipu", "minimax": "minimax", "mistral": "mistral", "codestral": "mistral", "groq": "groq", "xai": "xai", "openrouter": "openrouter",
		"ollama": "ollama", "ollama_chat": "ollama", "hosted_vllm": "vllm", "vllm": "vllm", "lm_studio": "lmstudio", "llamafile": "custom",
		"together_ai": "together", "fireworks_ai": "fireworks", "perplexity": "perplexity", "cerebras": "cerebras", "sambanova": "sambanova",
		"nvidia_nim": "nvidia", "deepinfra": "deepinfra", "volcengine": "volcengine",
	}[prefix]
}

// address is the provider that reaches what LiteLLM would, by its address alone.
func address(vendor, base string) (p *adminv1.Provider, reason string) {
	known := preset.Find(vendor)
	base = strings.TrimRight(base, "/")
	at := func(url string) (*adminv1.Provider, string) { return &adminv1.Provider{BaseUrl: url}, "" }
	switch {
	case strings.HasPrefix(base, variablePrefix):
		return nil, "its api_base is in the environment: write the address there"
	case base != "" && !takeover.HasHost(base):
		return nil, "its api_base is no address"
	case vendor == "azure" && base == "":
		return nil, "an Azure deployment needs its api_base"
	case vendor == "azure":
		root, _, _ := strings.Cut(base, "/openai")
		return at(root + "/openai/v1")
	case vendor == "custom" && base == "":
		return nil, "it has no api_base"
	case (known == nil || len(known.Placeholders) > 0) && vendor != "custom":
		return nil, fmt.Sprintf("Trunkline speaks OpenAI's and Anthropic's API, and %s has another one: use an address of it that is compatible with OpenAI's", vendor)
	case base == "":
		return known.Document("", nil), ""
	case vendor == "anthropic":
		base = strings.TrimSuffix(strings.TrimSuffix(base, "/messages"), "/v1")
		return &adminv1.Provider{BaseUrl: base + "/v1", Dialect: known.Provider.Dialect}, ""
	case vendor == "ollama":
		return at(strings.TrimSuffix(base, "/v1") + "/v1")
	}
	if _, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://"), "/"); path == "" {
		return at(base + "/chat/completions") // LiteLLM adds no /v1, and this form of ours neither
	}
	return at(base)
}

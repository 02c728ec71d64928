package takeover

import (
	"net"
	"net/url"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Vendor is an API that Trunkline speaks as it is.
type Vendor struct {
	BaseURL string
	Dialect string // empty: openai
}

// Vendors are those that the console has presets for, under the same names and addresses, and
// more that only exports name.
func Vendors() map[string]Vendor {
	return map[string]Vendor{
		"openai":      {BaseURL: "https://api.openai.com/v1"},
		"anthropic":   {BaseURL: "https://api.anthropic.com/v1", Dialect: "anthropic"},
		"gemini":      {BaseURL: "https://generativelanguage.googleapis.com/v1beta/openai"},
		"deepseek":    {BaseURL: "https://api.deepseek.com/v1"},
		"qwen":        {BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"},
		"moonshot":    {BaseURL: "https://api.moonshot.ai/v1"},
		"zhipu":       {BaseURL: "https://open.bigmodel.cn/api/paas/v4"},
		"minimax":     {BaseURL: "https://api.minimax.io/v1"},
		"mistral":     {BaseURL: "https://api.mistral.ai/v1"},
		"groq":        {BaseURL: "https://api.groq.com/openai/v1"},
		"xai":         {BaseURL: "https://api.x.ai/v1"},
		"openrouter":  {BaseURL: "https://openrouter.ai/api/v1"},
		"siliconflow": {BaseURL: "https://api.siliconflow.cn/v1"},
		"ollama":      {BaseURL: "http://127.0.0.1:11434/v1"},
		"vllm":        {BaseURL: "http://127.0.0.1:8000/v1"},
		"lmstudio":    {BaseURL: "http://127.0.0.1:1234/v1"},

		"together":   {BaseURL: "https://api.together.xyz/v1"},
		"fireworks":  {BaseURL: "https://api.fireworks.ai/inference/v1"},
		"perplexity": {BaseURL: "https://api.perplexity.ai/chat/completions"},
		"cerebras":   {BaseURL: "https://api.cerebras.ai/v1"},
		"sambanova":  {BaseURL: "https://api.sambanova.ai/v1"},
		"nvidia":     {BaseURL: "https://integrate.api.nvidia.com/v1"},
		"deepinfra":  {BaseURL: "https://api.deepinfra.com/v1/openai"},
		"volcengine": {BaseURL: "https://ark.cn-beijing.volces.com/api/v3"},
	}
}

// IsPrivate reports whether an address is on a network of one's own as it is written: names
// without a dot and addresses of private networks.
func IsPrivate(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local")
}

// HasHost reports whether base is an address over http or https.
func HasHost(base string) bool {
	u, err := url.Parse(base)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// AddModel gives the model of an id, which is added if the provider lacks it.
func AddModel(p *adminv1.Provider, id string) *adminv1.Model {
	for _, m := range p.GetModels() {
		if m.GetId() == id {
			return m
		}
	}
	m := &adminv1.Model{Id: id}
	p.Models = append(p.Models, m)
	return m
}

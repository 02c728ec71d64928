package oneapi

// channelType is what a type number of a channel means.
type channelType struct {
	name string // of the provider that is suggested
	base string // where the channel goes when it names no address; empty: it must name one
	path string // behind the address, to where /chat/completions follows
	// dialect is empty for openai.
	dialect string
	// reason says why Trunkline cannot speak to it; empty when it can.
	reason string
}

const (
	foreign = "it speaks an API that is neither OpenAI's nor Anthropic's"
	tasks   = "it is no API of language models"
	signed  = "its key is no bearer token"
)

// shared are the types that mean the same in one-api and new-api.
func shared() map[int64]channelType {
	return map[int64]channelType{
		1:  {name: "openai", base: "https://api.openai.com", path: "/v1"},
		3:  {name: "azure", path: "/openai/v1"},
		6:  {name: "openaimax", base: "https://api.openaimax.com", path: "/v1"},
		7:  {name: "ohmygpt", base: "https://api.ohmygpt.com", path: "/v1"},
		8:  {name: "custom", path: "/v1"},
		9:  {name: "ails", base: "https://api.caipacity.com", path: "/v1"},
		10: {name: "aiproxy", base: "https://api.aiproxy.io", path: "/v1"},
		11: {reason: foreign},
		12: {name: "api2gpt", base: "https://api.api2gpt.com", path: "/v1"},
		13: {name: "aigc2d", base: "https://api.aigc2d.com", path: "/v1"},
		14: {name: "anthropic", base: "https://api.anthropic.com", path: "/v1", dialect: "anthropic"},
		15: {reason: signed},
		16: {name: "zhipu", base: "https://open.bigmodel.cn", path: "/api/paas/v4"},
		17: {name: "qwen", base: "https://dashscope.aliyuncs.com", path: "/compatible-mode/v1"},
		18: {reason: signed},
		20: {name: "openrouter", base: "https://openrouter.ai/api", path: "/v1"},
		21: {reason: foreign},
		22: {name: "fastgpt", base: "https://fastgpt.run/api/openapi", path: "/v1"},
		23: {reason: signed},
		24: {name: "gemini", base: "https://generativelanguage.googleapis.com", path: "/v1beta/openai"},
		25: {name: "moonshot", base: "https://api.moonshot.cn", path: "/v1"},
		31: {name: "lingyiwanwu", base: "https://api.lingyiwanwu.com", path: "/v1"},
		33: {reason: signed},
	}
}

// oneAPI are the types of songquanpeng/one-api.
func oneAPI() map[int64]channelType {
	types := shared()
	for number, t := range map[int64]channelType{
		2:  {name: "api2d", base: "https://oa.api2d.net", path: "/v1"},
		4:  {name: "closeai", base: "https://api.closeai-proxy.xyz", path: "/v1"},
		5:  {name: "openai-sb", base: "https://api.openai-sb.com", path: "/v1"},
		19: {name: "360", base: "https://ai.360.cn", path: "/v1"},
		26: {name: "baichuan", base: "https://api.baichuan-ai.com", path: "/v1"},
		27: {name: "minimax", base: "https://api.minimax.chat", path: "/v1"},
		28: {name: "mistral", base: "https://api.mistral.ai", path: "/v1"},
		29: {name: "groq", base: "https://api.groq.com/openai", path: "/v1"},
		30: {name: "ollama", base: "http://localhost:11434", path: "/v1"},
		32: {name: "stepfun", base: "https://api.stepfun.com", path: "/v1"},
		34: {reason: foreign}, // Coze
		35: {name: "cohere", base: "https://api.cohere.ai", path: "/compatibility/v1"},
		36: {name: "deepseek", base: "https://api.deepseek.com", path: "/v1"},
		37: {reason: foreign}, // Cloudflare: the account is in the path
		38: {reason: tasks},   // DeepL
		39: {name: "together", base: "https://api.together.xyz", path: "/v1"},
		40: {name: "volcengine", base: "https://ark.cn-beijing.volces.com", path: "/api/v3"},
		41: {name: "novita", base: "https://api.novita.ai/v3/openai", path: "/chat/completions"},
		42: {reason: signed},  // Vertex AI
		43: {reason: foreign}, // a proxy of any API
		44: {name: "siliconflow", base: "https://api.siliconflow.cn", path: "/v1"},
	} {
		types[number] = t
	}
	return types
}

// newAPI are the types of QuantumNous/new-api.
func newAPI() map[int64]channelType {
	types := shared()
	for number, t := range map[int64]channelType{
		2:  {reason: tasks}, // Midjourney
		4:  {name: "ollama", base: "http://localhost:11434", path: "/v1"},
		5:  {reason: tasks}, // Midjourney
		19: {name: "360", base: "https://api.360.cn", path: "/v1"},
		26: {name: "zhipu", base: "https://open.bigmodel.cn", path: "/api/paas/v4"},
		27: {name: "perplexity", base: "https://api.perplexity.ai", path: "/chat/completions"},
		34: {name: "cohere", base: "https://api.cohere.ai", path: "/compatibility/v1"},
		35: {name: "minimax", base: "https://api.minimax.chat", path: "/v1"},
		36: {reason: tasks},   // Suno
		37: {reason: foreign}, // Dify
		38: {name: "jina", base: "https://api.jina.ai", path: "/v1"},
		39: {reason: foreign}, // Cloudflare: the account is in the path
		40: {name: "siliconflow", base: "https://api.siliconflow.cn", path: "/v1"},
		41: {reason: signed}, // Vertex AI
		42: {name: "mistral", base: "https://api.mistral.ai", path: "/v1"},
		43: {name: "deepseek", base: "https://api.deepseek.com", path: "/v1"},
		44: {reason: foreign}, // MokaAI
		45: {name: "volcengine", base: "https://ark.cn-beijing.volces.com", path: "/api/v3"},
		46: {name: "baidu", base: "https://qianfan.baidubce.com", path: "/v2"},
		47: {name: "xinference", path: "/v1"},
		48: {name: "xai", base: "https://api.x.ai", path: "/v1"},
		49: {reason: foreign}, // Coze
		50: {reason: tasks},   // Kling
		51: {reason: tasks},   // Jimeng
		52: {reason: tasks},   // Vidu
		53: {name: "submodel", base: "https://llm.submodel.ai", path: "/v1"},
		54: {reason: tasks},   // Doubao's videos
		55: {reason: tasks},   // Sora
		56: {reason: foreign}, // Replicate
		57: {reason: foreign}, // Codex, by an account and not a key
	} {
		types[number] = t
	}
	return types
}

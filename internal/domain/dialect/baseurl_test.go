package dialect

import (
	"net/url"
	"testing"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://api.openai.com":                                 "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/":                                "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/v1":                              "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/v1/":                             "https://api.openai.com/v1/chat/completions",
		"https://openrouter.ai/api/v1":                           "https://openrouter.ai/api/v1/chat/completions",
		"https://example.com/v1beta/openai/":                     "https://example.com/v1beta/openai/chat/completions",
		"https://x.azure.com/openai/deployments/d?api-version=1": "https://x.azure.com/openai/deployments/d/chat/completions?api-version=1",
		"https://api.perplexity.ai/chat/completions":             "https://api.perplexity.ai/chat/completions",
		"https://api.perplexity.ai/chat/completions/":            "https://api.perplexity.ai/chat/completions",
		"https://api.openai.com/v1/responses":                    "https://api.openai.com/v1/chat/completions",
		"https://x.azure.com/openai/v1/embeddings?api-version=1": "https://x.azure.com/openai/v1/chat/completions?api-version=1",
		"https://api.deepseek.com/anthropic":                     "https://api.deepseek.com/anthropic/v1/chat/completions",
		"https://api.deepseek.com/anthropic/v1":                  "https://api.deepseek.com/anthropic/v1/chat/completions",
		"http://127.0.0.1:11434/v1":                              "http://127.0.0.1:11434/v1/chat/completions",
	}
	for base, want := range tests {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if IsExact(u) {
			t.Errorf("%s is exact", base)
		}
		if got := join(u, "/chat/completions", false).String(); got != want {
			t.Errorf("%s gives %s, want %s", base, got, want)
		}
		if u.String() != base {
			t.Errorf("the base became %s", u)
		}
	}
}

// What vendors document for Anthropic's API, as they write it, and what is called then.
func TestBaseURLsOfAnthropicsAPI(t *testing.T) {
	t.Parallel()
	anthropic, _ := Find("anthropic")
	openai, _ := Find("openai")
	for raw, want := range map[string]string{
		"https://api.anthropic.com":                                      "https://api.anthropic.com/v1",
		"https://api.anthropic.com/v1":                                   "https://api.anthropic.com/v1",
		"https://api.anthropic.com/v1/messages":                          "https://api.anthropic.com/v1",
		"https://api.deepseek.com/anthropic":                             "https://api.deepseek.com/anthropic/v1",
		"https://api.moonshot.ai/anthropic/":                             "https://api.moonshot.ai/anthropic/v1",
		"https://api.moonshot.ai/anthropic/v1/messages":                  "https://api.moonshot.ai/anthropic/v1",
		"https://api.kimi.com/coding/":                                   "https://api.kimi.com/coding/v1",
		"https://open.bigmodel.cn/api/anthropic":                         "https://open.bigmodel.cn/api/anthropic/v1",
		"https://api.z.ai/api/anthropic":                                 "https://api.z.ai/api/anthropic/v1",
		"https://api.minimax.io/anthropic":                               "https://api.minimax.io/anthropic/v1",
		"https://openrouter.ai/api":                                      "https://openrouter.ai/api/v1",
		"https://openrouter.ai/api/v1":                                   "https://openrouter.ai/api/v1",
		"https://dashscope-intl.aliyuncs.com/apps/anthropic":             "https://dashscope-intl.aliyuncs.com/apps/anthropic/v1",
		"https://dashscope.aliyuncs.com/api/v2/apps/claude-code-proxy":   "https://dashscope.aliyuncs.com/api/v2/apps/claude-code-proxy/v1",
		"https://ark.cn-beijing.volces.com/api/coding":                   "https://ark.cn-beijing.volces.com/api/coding/v1",
		"https://qianfan.baidubce.com/anthropic/coding":                  "https://qianfan.baidubce.com/anthropic/coding/v1",
		"https://api.fireworks.ai/inference":                             "https://api.fireworks.ai/inference/v1",
		"https://opencode.ai/zen":                                        "https://opencode.ai/zen/v1",
		"https://r.services.ai.azure.com/anthropic":                      "https://r.services.ai.azure.com/anthropic/v1",
		"https://bedrock-mantle.us-east-1.api.aws/anthropic":             "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1",
		"https://gateway.ai.cloudflare.com/v1/account/gateway/anthropic": "https://gateway.ai.cloudflare.com/v1/account/gateway/anthropic/v1",
		"https://w.cloud.databricks.com/serving-endpoints/anthropic":     "https://w.cloud.databricks.com/serving-endpoints/anthropic/v1",
		"https://account.snowflakecomputing.com/api/v2/cortex":           "https://account.snowflakecomputing.com/api/v2/cortex/v1",
		"http://127.0.0.1:4000":                                          "http://127.0.0.1:4000/v1",
		"https://host.example/messages":                                  "https://host.example",
		"https://host.example/a/messages/count_tokens":                   "https://host.example/a",
		"https://host.example/v1beta":                                    "https://host.example/v1beta",
		"https://host.example/v2alpha1/":                                 "https://host.example/v2alpha1",
		"https://host.example/vendor":                                    "https://host.example/vendor/v1",
	} {
		base, err := ParseBase(raw)
		if err != nil {
			t.Fatal(err)
		}
		for what, reach := range map[string]*Reach{
			"a provider of the dialect": NewReach(anthropic, base, nil),
			"an endpoint of another":    NewReach(openai, &url.URL{Scheme: "https", Host: "other.example"}, []Endpoint{{API: Messages, Base: base}}),
		} {
			for _, endpoint := range []string{"/messages", "/messages/count_tokens"} {
				if got := reach.Route(endpoint).URL("m").String(); got != want+endpoint {
					t.Errorf("%s at %s is asked at %s, want %s%s", what, raw, got, want, endpoint)
				}
			}
		}
		if got := NewReach(anthropic, base, nil).Route("/models").URL("").String(); got != want+"/models" {
			t.Errorf("models are listed at %s, want %s/models", got, want)
		}
	}
	// A base URL that is OpenAI's is taken as it is, for what is tried there too.
	base := &url.URL{Scheme: "https", Host: "host.example", Path: "/llm"}
	if got := NewReach(openai, base, nil).Route("/messages").URL("m").String(); got != "https://host.example/llm/messages" {
		t.Errorf("messages of another provider are asked at %s", got)
	}
}

func TestAnExactBaseIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://h.example/any/path#":             "https://h.example/any/path",
		"https://h.example/any/path/#":            "https://h.example/any/path/",
		"https://h.example#":                      "https://h.example",
		"https://h.example/chat/completions?v=1#": "https://h.example/chat/completions?v=1",
		"https://h.example/a%2Fb#":                "https://h.example/a%2Fb",
	} {
		base, err := ParseBase(raw)
		if err != nil || !IsExact(base) {
			t.Fatalf("%s: %v", raw, err)
		}
		for _, endpoint := range []string{"/chat/completions", "/embeddings"} {
			if got := join(base, endpoint, true).String(); got != want {
				t.Errorf("%s gives %s, want %s", raw, got, want)
			}
		}
	}
	if base, err := ParseBase("https://h.example/v1#x"); err != nil || IsExact(base) {
		t.Errorf("a fragment makes it exact: %v", err)
	}
}

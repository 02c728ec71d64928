package telemetry

import (
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// wellKnown are the names that the conventions have for providers, by the end of the host that
// they are reached at.
var wellKnown = []struct{ host, name string }{
	{"api.openai.com", "openai"},
	{"api.anthropic.com", "anthropic"},
	{".openai.azure.com", "azure.ai.openai"},
	{".services.ai.azure.com", "azure.ai.inference"},
	{"api.cohere.com", "cohere"},
	{"api.cohere.ai", "cohere"},
	{"api.deepseek.com", "deepseek"},
	{"generativelanguage.googleapis.com", "gcp.gemini"},
	{"aiplatform.googleapis.com", "gcp.vertex_ai"},
	{"api.groq.com", "groq"},
	{".ml.cloud.ibm.com", "ibm.watsonx.ai"},
	{"api.mistral.ai", "mistral_ai"},
	{"api.moonshot.ai", "moonshot_ai"},
	{"api.moonshot.cn", "moonshot_ai"},
	{"api.perplexity.ai", "perplexity"},
	{"api.x.ai", "x_ai"},
}

// conventional is what the conventions call a provider at an address; where they have no name for
// it, it is called as it is here.
func conventional(name string, base *url.URL) string {
	host := strings.ToLower(base.Hostname())
	if strings.HasPrefix(host, "bedrock") && strings.HasSuffix(host, ".amazonaws.com") {
		return "aws.bedrock"
	}
	for _, w := range wellKnown {
		if strings.HasSuffix(host, w.host) {
			return w.name
		}
	}
	return name
}

// place says which provider something is about, and where it is; computed once for each.
type place []attribute.KeyValue

func placeOf(p *dataplane.Provider) place {
	at := place{providerName.String(conventional(p.Name, p.BaseURL)), serverAddress.String(p.BaseURL.Hostname())}
	port := p.BaseURL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[p.BaseURL.Scheme]
	}
	if n, err := strconv.Atoi(port); err == nil {
		at = append(at, serverPort.Int(n))
	}
	return at
}

package upstream

import (
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/baseurl"
)

// anthropicVersion is what is asked for when the client names no version.
const anthropicVersion = "2023-06-01"

// Anthropic is the dialect of Anthropic's own API. Only the credential differs: /messages
// takes it as x-api-key, while the OpenAI-compatible endpoints beside it take a bearer
// token. Base URLs follow OpenAI's rule: https://api.anthropic.com, with or without /v1.
//
// OpenAI-compatible servers that have /messages too (vLLM, OpenRouter, LiteLLM) take a
// bearer token there, so they need no dialect of their own.
func Anthropic() Dialect {
	return Dialect{URL: baseurl.Join, Authorize: anthropicKey}
}

func anthropicKey(header http.Header, endpoint, secret string) {
	if endpoint != "/messages" && !strings.HasPrefix(endpoint, "/messages/") {
		bearer(header, endpoint, secret)
		return
	}
	header["X-Api-Key"] = []string{secret}
	header["Anthropic-Version"] = []string{anthropicVersion}
}

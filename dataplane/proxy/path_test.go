package proxy

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]struct{ path, model string }{
		"/v1/chat/completions":        {"/chat/completions", ""},
		"/chat/completions/":          {"/chat/completions", ""},
		"/v1":                         {"", ""},
		"/openai/v1/chat/completions": {"/chat/completions", ""},
		"/v1/openai/v1/responses":     {"/responses", ""},
		"/openai/v1":                  {"", ""},
		"/openai/v12/models":          {"/v12/models", ""},
		"/openai/models":              {"/models", ""},
		"/openai/responses":           {"/responses", ""},
		"/openai":                     {"", ""},
		"/openaix/models":             {"/openaix/models", ""},
		"/openai/deployments/gpt-4o/chat/completions":          {"/chat/completions", "gpt-4o"},
		"/v1/openai/deployments/gpt-4o/embeddings/":            {"/embeddings", "gpt-4o"},
		"/openai/deployments/org/gpt-4o/completions":           {"/completions", "org/gpt-4o"},
		"/openai/deployments/a b/audio/transcriptions":         {"/audio/transcriptions", "a b"},
		"/openai/deployments/claude/messages/count_tokens":     {"/messages/count_tokens", "claude"},
		"/openai/deployments/chat/completions":                 {"/completions", "chat"},
		"/openai/deployments//chat/completions":                {"/completions", "chat"},
		"/v1//chat/completions":                                {"/chat/completions", ""},
		"//v1///chat//completions//":                           {"/chat/completions", ""},
		"//v1beta//models//g:generateContent":                  {"/models/{model}:generateContent", "g"},
		"/v1/models/a//b":                                      {"/models/a//b", ""},
		"//v1beta/models/a//b:countTokens":                     {"/models/{model}:countTokens", "a//b"},
		"/openai/deployments/chat/completions/x":               {"/completions/x", ""},
		"/openai/deployments/gpt-4o":                           {"/", ""},
		"/openai/deployments":                                  {"/deployments", ""},
		"/openai/deployments/gpt-4o/files":                     {"/files", ""},
		"/openai/deployments/g/models/{model}:generateContent": {"/models/{model}:generateContent", ""},
		"/v1beta/models/g:generateContent":                     {"/models/{model}:generateContent", "g"},
		"/v1beta/models/g:streamGenerateContent/":              {"/models/{model}:streamGenerateContent", "g"},
		"/v1/models/org/llama:8b:countTokens":                  {"/models/{model}:countTokens", "org/llama:8b"},
		"/models/g:batchEmbedContents":                         {"/models/{model}:batchEmbedContents", "g"},
		"/v1beta/models/models/g:embedContent":                 {"/models/{model}:embedContent", "models/g"},
		"/v1beta/models/:generateContent":                      {"/v1beta/models/:generateContent", ""},
		"/v1beta/models/g:predict":                             {"/v1beta/models/g:predict", ""},
		"/v1beta/models":                                       {"/v1beta/models", ""},
		"/v1beta/":                                             {"/v1beta", ""},
		"/v1beta1/models":                                      {"beta1/models", ""},
		"/upload/v1beta/files":                                 {"/v1beta/files", ""},
		"/v1/models/llama:8b":                                  {"/models/llama:8b", ""},
	} {
		if got := locate(url); got.path != want.path || got.model != want.model {
			t.Errorf("%s: %+v, want %+v", url, got, want)
		}
	}
}

// What else a listener serves must not be taken for the API, and none of the API may be missed.
func TestServes(t *testing.T) {
	t.Parallel()
	var ours []string
	for _, e := range api.Endpoints {
		ours = append(ours, e.Path, e.Path+"/")
	}
	ours = append(ours, "", "/", "/x", "/models", "/models/", "/models/a/b", "/responses/resp_1", "/responses/resp_1/cancel")
	for _, path := range ours {
		for _, prefix := range []string{"", "/v1", "/v1beta", "/upload/v1beta", "/openai", "/openai/v1", "//v1", "//v1/"} {
			if want := prefix != "" || len(path) > len("/x"); Serves(prefix+path) != want {
				t.Errorf("%q is served: %t", prefix+path, !want)
			}
		}
	}
	for _, path := range []string{
		"/groups", "/responses.js", "/v1beta2", "/v10/models", "/openaix", "/upload", "/upload/v1", "/modelsx", "/assets/v1/x.js",
		"/trunkline.admin.v1.GroupService/ListGroups", "//groups", "/chat", "/index.html", "*",
	} {
		if Serves(path) {
			t.Errorf("%q of the console is taken for the API", path)
		}
	}
}

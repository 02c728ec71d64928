package proxy

import "testing"

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
		"/openai/deployments//chat/completions":                {"/completions", "/chat"},
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

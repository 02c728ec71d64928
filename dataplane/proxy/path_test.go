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
		"/openai/deployments/gpt-4o/chat/completions":      {"/chat/completions", "gpt-4o"},
		"/v1/openai/deployments/gpt-4o/embeddings/":        {"/embeddings", "gpt-4o"},
		"/openai/deployments/org/gpt-4o/completions":       {"/completions", "org/gpt-4o"},
		"/openai/deployments/a b/audio/transcriptions":     {"/audio/transcriptions", "a b"},
		"/openai/deployments/claude/messages/count_tokens": {"/messages/count_tokens", "claude"},
		"/openai/deployments/chat/completions":             {"/completions", "chat"},
		"/openai/deployments//chat/completions":            {"/completions", "/chat"},
		"/openai/deployments/chat/completions/x":           {"/completions/x", ""},
		"/openai/deployments/gpt-4o":                       {"/", ""},
		"/openai/deployments":                              {"/deployments", ""},
		"/openai/deployments/gpt-4o/files":                 {"/files", ""},
	} {
		if path, model := locate(url); path != want.path || model != want.model {
			t.Errorf("%s: %q and %q, want %q and %q", url, path, model, want.path, want.model)
		}
	}
}

package preset

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

func TestPresetsAreSound(t *testing.T) {
	t.Parallel()
	ids, names := map[string]bool{}, map[string]bool{}
	for _, p := range All() {
		if ids[p.ID] || names[p.Name] || p.Title == "" || strings.ToLower(p.ID) != p.ID {
			t.Errorf("%s: its id or name is taken, or it has no title", p.ID)
		}
		ids[p.ID], names[p.Name] = true, true
		if _, ok := dialect.Find(p.Provider.Dialect); !ok {
			t.Errorf("%s: dialect %q", p.ID, p.Provider.Dialect)
		}
		all := []string{p.Provider.BaseURL}
		seen := map[string]bool{}
		for _, e := range p.Provider.Endpoints {
			if dialect.FindAPI(e.API) == nil || seen[e.API] || e.Auth != "" && dialect.FindAuth(e.Auth) == nil || e.Format != "" && dialect.FindFormat(e.API, e.Format) == nil {
				t.Errorf("%s: endpoint %+v", p.ID, e)
			}
			seen[e.API] = true
			if e.BaseURL != "" {
				all = append(all, e.BaseURL)
			}
		}
		for _, raw := range all {
			if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "https" && !p.Local {
				t.Errorf("%s: %s is no URL", p.ID, raw)
			}
		}
		for _, placeholder := range p.Placeholders {
			if !strings.Contains(p.Provider.BaseURL, placeholder) {
				t.Errorf("%s: %s is nowhere", p.ID, placeholder)
			}
		}
		if strings.Contains(p.Provider.BaseURL, "YOUR-") != (len(p.Placeholders) > 0) {
			t.Errorf("%s: which part of %s is one's own?", p.ID, p.Provider.BaseURL)
		}
		for _, page := range append([]string{p.Docs}, p.Sources...) {
			if !strings.HasPrefix(page, "https://") {
				t.Errorf("%s: %q is no page", p.ID, page)
			}
		}
	}
	for _, id := range []string{
		"openai", "azure", "anthropic", "gemini", "bedrock", "vertex", "mistral", "deepseek", "qwen", "moonshot", "zhipu", "minimax",
		"groq", "xai", "openrouter", "siliconflow", "ollama", "vllm", "lmstudio", "cohere",
	} {
		if Find(id) == nil {
			t.Errorf("there is no preset %s", id)
		}
	}
	if p := Find("klingon"); p != nil {
		t.Errorf("klingon is %+v", p)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	p := Find("vertex")
	got := p.Document("v", map[string]string{"YOUR-LOCATION": "us-east1", "YOUR-PROJECT": "acme"})
	if want := "https://us-east1-aiplatform.googleapis.com/v1/projects/acme/locations/us-east1/endpoints/openapi"; got.GetBaseUrl() != want || got.GetName() != "v" {
		t.Errorf("%v, want %s", got, want)
	}
	if missing := p.Missing(map[string]string{"YOUR-PROJECT": "acme"}); !slices.Equal(missing, []string{"YOUR-LOCATION"}) {
		t.Errorf("missing %v", missing)
	}
	if got := Find("deepseek").Document("d", nil).GetEndpoints()[1]; got.GetApi() != "messages" || got.GetBaseUrl() != "https://api.deepseek.com/anthropic" || got.GetAuth() != "x-api-key" {
		t.Errorf("messages are %v", got)
	}
	if !Find("ollama").Document("o", nil).GetAllowPrivateNetwork() {
		t.Error("a server on this machine may not be reached")
	}
}

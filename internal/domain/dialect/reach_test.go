package dialect

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func reach(t *testing.T, kind, base string, own ...Endpoint) *Reach {
	t.Helper()
	d, ok := Find(kind)
	u, err := ParseBase(base)
	if !ok || err != nil {
		t.Fatalf("%s, %s: %v", kind, base, err)
	}
	return NewReach(d, u, own)
}

func parsed(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := ParseBase(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// What a provider has: by its kind, unless it names a conversation.
func TestSpeaks(t *testing.T) {
	t.Parallel()
	const yes, no, perhaps = "yes", "no", "perhaps"
	for _, tt := range []struct {
		kind string
		own  []string
		want map[string]string
	}{
		{"openai", nil, map[string]string{Chat: yes, Responses: perhaps, Messages: perhaps, Gemini: no, Embeddings: perhaps, "audio": perhaps, "x": no}},
		{"anthropic", nil, map[string]string{Chat: no, Responses: no, Messages: yes, Gemini: no, Embeddings: perhaps}},
		{"gemini", nil, map[string]string{Chat: no, Messages: no, Gemini: yes}},
		{"fake", nil, map[string]string{Chat: yes, Responses: yes, Messages: yes, Gemini: yes, Rerank: perhaps}},
		{"openai", []string{Messages}, map[string]string{Chat: no, Responses: no, Messages: yes, Gemini: no, Embeddings: perhaps}},
		{"openai", []string{Chat, Responses}, map[string]string{Chat: yes, Responses: yes, Messages: no, Gemini: no}},
		{"anthropic", []string{Chat, Messages}, map[string]string{Chat: yes, Messages: yes, Responses: no}},
		{"openai", []string{Embeddings, Rerank, Models}, map[string]string{Chat: yes, Responses: perhaps, Embeddings: yes, Rerank: yes, "images": perhaps}},
	} {
		var own []Endpoint
		for _, api := range tt.own {
			own = append(own, Endpoint{API: api})
		}
		r := reach(t, tt.kind, "https://h.example/v1", own...)
		for api, want := range tt.want {
			speaks, certain := r.Speaks(api)
			got := map[[2]bool]string{{true, true}: yes, {false, true}: no, {true, false}: perhaps}[[2]bool{speaks, certain}]
			if got != want {
				t.Errorf("%s with %v: %s is %v, want %s", tt.kind, tt.own, api, got, want)
			}
		}
	}
}

func TestWhereEndpointsAre(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		own            []Endpoint
		base, endpoint string
		model, want    string
	}{
		"nothing is said":       {nil, "https://a.example", "/chat/completions", "m", "https://a.example/v1/chat/completions"},
		"another base URL":      {[]Endpoint{{API: Messages, Base: parsed(t, "https://b.example/anthropic")}}, "https://a.example/v1", "/messages/count_tokens", "m", "https://b.example/anthropic/v1/messages/count_tokens"},
		"of another API":        {[]Endpoint{{API: Messages, Base: parsed(t, "https://b.example")}}, "https://a.example/v1", "/responses", "m", "https://a.example/v1/responses"},
		"Azure's deployments":   {[]Endpoint{{API: Chat, Path: "/deployments/{model}/chat/completions", Query: "api-version=2"}}, "https://r.example/openai", "/chat/completions", "gpt-4o", "https://r.example/openai/deployments/gpt-4o/chat/completions?api-version=2"},
		"what follows the root": {[]Endpoint{{API: "images", Path: "/deployments/{model}/images"}}, "https://r.example/openai?api-version=2", "/images/generations", "d", "https://r.example/openai/deployments/d/images/generations?api-version=2"},
		"nothing before a path": {[]Endpoint{{API: Rerank, Path: "/v2/rerank"}}, "https://api.cohere.example", "/rerank", "m", "https://api.cohere.example/v2/rerank"},
		"both queries":          {[]Endpoint{{API: Chat, Query: "b=2"}}, "https://a.example/v1?a=1", "/chat/completions", "m", "https://a.example/v1/chat/completions?a=1&b=2"},
		"an exact base URL":     {[]Endpoint{{API: Chat, Base: parsed(t, "https://b.example/x?y=1#"), Query: "z=2"}}, "https://a.example/v1", "/chat/completions", "m", "https://b.example/x?y=1&z=2"},
		"Gemini":                {nil, "https://g.example/v1beta", "/models/{model}:streamGenerateContent", "gemini-2.5", "https://g.example/v1beta/models/gemini-2.5:streamGenerateContent"},
		"Gemini elsewhere":      {[]Endpoint{{API: Gemini, Path: "/publishers/google/models/{model}"}}, "https://v.example/v1/projects/p", "/models/{model}:countTokens", "g", "https://v.example/v1/projects/p/publishers/google/models/g:countTokens"},
		"its models":            {[]Endpoint{{API: Models, Base: parsed(t, "https://m.example/v1beta")}}, "https://a.example/v1", "/models", "", "https://m.example/v1beta/models"},
		"a model with a slash":  {[]Endpoint{{API: Chat, Path: "/d/{model}/chat"}}, "https://a.example", "/chat/completions", "org/m?x#y z%", "https://a.example/d/org%2Fm%3Fx%23y%20z%25/chat"},
		"a model that climbs":   {[]Endpoint{{API: Chat, Path: "/d/{model}"}}, "https://a.example", "/chat/completions", "../../admin", "https://a.example/d/..%2F..%2Fadmin"},
		"an endpoint of nobody": {nil, "https://a.example", "/klingon", "m", "https://a.example/v1/klingon"},
		"Cohere's embeddings":   {[]Endpoint{{API: Embeddings, Base: parsed(t, "https://c.example/v2"), Format: CohereV2}}, "https://a.example/v1", "/embeddings", "m", "https://c.example/v2/embed"},
		"Cohere's, elsewhere":   {[]Endpoint{{API: Embeddings, Path: "/x", Format: CohereV2}}, "https://a.example/v1", "/embeddings", "m", "https://a.example/v1/x"},
		"a base with a slash":   {[]Endpoint{{API: Chat, Path: "/c"}}, "https://a.example/x/", "/chat/completions", "m", "https://a.example/x/c"},
	} {
		r := reach(t, "openai", tt.base, tt.own...)
		for range 2 {
			if got := r.Route(tt.endpoint).URL(tt.model).String(); got != tt.want {
				t.Errorf("%s: %s, want %s", name, got, tt.want)
			}
		}
	}
}

func TestCredentialsGoWhereTheyAreExpected(t *testing.T) {
	t.Parallel()
	version := []string{"2023-06-01"}
	for _, tt := range []struct {
		kind, endpoint string
		own            []Endpoint
		want           http.Header
	}{
		{"openai", "/chat/completions", nil, http.Header{"Authorization": {"Bearer s"}}},
		{"openai", "/messages", nil, http.Header{"Authorization": {"Bearer s"}, "Anthropic-Version": version}},
		{"fake", "/models", nil, http.Header{"Authorization": {"Bearer s"}}},
		{"anthropic", "/messages", nil, http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": version}},
		{"anthropic", "/messages/count_tokens", nil, http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": version}},
		{"anthropic", "/models", nil, http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": version}},
		{"anthropic", "/messagesx", nil, http.Header{"Authorization": {"Bearer s"}}},
		{"anthropic", "/chat/completions", nil, http.Header{"Authorization": {"Bearer s"}}},
		{"anthropic", "/messages", []Endpoint{{API: Messages, Auth: Bearer}}, http.Header{"Authorization": {"Bearer s"}, "Anthropic-Version": version}},
		{"gemini", "/models/{model}:generateContent", nil, http.Header{"X-Goog-Api-Key": {"s"}}},
		{"gemini", "/models", nil, http.Header{"X-Goog-Api-Key": {"s"}}},
		{"openai", "/chat/completions", []Endpoint{{API: Chat, Auth: APIKey}}, http.Header{"Api-Key": {"s"}}},
		{"openai", "/embeddings", []Endpoint{{API: Chat, Auth: APIKey}}, http.Header{"Authorization": {"Bearer s"}}},
	} {
		got := http.Header{}
		reach(t, tt.kind, "https://h.example", tt.own...).Route(tt.endpoint).Prepare(got, "s")
		if !maps.EqualFunc(got, tt.want, slices.Equal) {
			t.Errorf("%s%s: %v, want %v", tt.kind, tt.endpoint, got, tt.want)
		}
	}
	none := http.Header{}
	reach(t, "openai", "https://h.example").Route("/chat/completions").Prepare(none, "")
	if len(none) > 0 {
		t.Errorf("without a credential: %v", none)
	}
}

func TestHeadersOfOneRequestAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	route := reach(t, "anthropic", "https://h.example").Route("/messages")
	a, b := http.Header{}, http.Header{}
	route.Prepare(a, "s")
	a.Add("Anthropic-Version", "x")
	a.Set("X-Api-Key", "x")
	route.Prepare(b, "s")
	if got := b["Anthropic-Version"]; !slices.Equal(got, []string{"2023-06-01"}) || b.Get("X-Api-Key") != "s" {
		t.Errorf("got %v", b)
	}
}

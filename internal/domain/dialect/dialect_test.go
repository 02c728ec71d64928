package dialect

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func TestTheRegistryIsSound(t *testing.T) {
	t.Parallel()
	if got := Names(); !slices.Equal(got, []string{"openai", "anthropic", "fake"}) {
		t.Errorf("the dialects are %q", got)
	}
	for _, name := range Names() {
		d, ok := Find(name)
		if !ok || d.Name != name || d.ModelsPath == "" {
			t.Errorf("%s: %+v", name, d)
		}
		if (len(d.own) > 0) != (d.keyHeader != "") || d.keyHeader != http.CanonicalHeaderKey(d.keyHeader) {
			t.Errorf("%s: its own endpoints take the credential as %q", name, d.keyHeader)
		}
		for header := range d.headers {
			if header != http.CanonicalHeaderKey(header) {
				t.Errorf("%s: header %q is not in its canonical form", name, header)
			}
		}
	}
	if d, ok := Find(""); !ok || d.Name != Default {
		t.Errorf("without a name: %+v", d)
	}
	for _, name := range []string{"OpenAI", "klingon", " "} {
		if d, ok := Find(name); ok {
			t.Errorf("%q is %+v", name, d)
		}
	}
}

func TestCredentialsGoWhereTheyAreExpected(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		dialect, endpoint string
		want              http.Header
	}{
		{"openai", "/chat/completions", http.Header{"Authorization": {"Bearer s"}}},
		{"openai", "/messages", http.Header{"Authorization": {"Bearer s"}}},
		{"fake", "/models", http.Header{"Authorization": {"Bearer s"}}},
		{"anthropic", "/messages", http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": {"2023-06-01"}}},
		{"anthropic", "/messages/count_tokens", http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": {"2023-06-01"}}},
		{"anthropic", "/models", http.Header{"X-Api-Key": {"s"}, "Anthropic-Version": {"2023-06-01"}}},
		{"anthropic", "/messagesx", http.Header{"Authorization": {"Bearer s"}}},
		{"anthropic", "/chat/completions", http.Header{"Authorization": {"Bearer s"}}},
	} {
		d, _ := Find(tt.dialect)
		got := http.Header{}
		d.Authorize(got, tt.endpoint, "s")
		if !maps.EqualFunc(got, tt.want, slices.Equal) {
			t.Errorf("%s%s: %v, want %v", tt.dialect, tt.endpoint, got, tt.want)
		}
	}
}

func TestBaseOfProvidersWithoutOne(t *testing.T) {
	t.Parallel()
	given, none := &url.URL{Scheme: "https", Host: "a.example"}, &url.URL{}
	fake, _ := Find("fake")
	openai, _ := Find("openai")
	if fake.Base(given) != given || fake.Base(none) != fake.DefaultBase || openai.Base(none) != none {
		t.Errorf("got %v, %v, %v", fake.Base(given), fake.Base(none), openai.Base(none))
	}
}

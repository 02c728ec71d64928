package dialect

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func TestTheRegistryIsSound(t *testing.T) {
	t.Parallel()
	if got := Names(); !slices.Equal(got, []string{"openai", "anthropic", "gemini", "fake"}) {
		t.Errorf("the dialects are %q", got)
	}
	for _, name := range Names() {
		d, ok := Find(name)
		if !ok || d.Name != name || !slices.Contains(d.speaks, d.Main) || (d.ModelsPage > 0) != (d.PageParameter != "") {
			t.Errorf("%s: %+v", name, d)
		}
		for _, api := range slices.Concat(d.speaks, d.tries) {
			if a := FindAPI(api); a == nil || !a.Conversation {
				t.Errorf("%s: %s is no conversation", name, api)
			}
		}
		for api, auth := range d.auth {
			if FindAPI(api) == nil || FindAuth(auth) == nil {
				t.Errorf("%s takes the credential of %s as %s", name, api, auth)
			}
		}
	}
	for _, a := range auths {
		if a.Header != http.CanonicalHeaderKey(a.Header) {
			t.Errorf("header %q is not in its canonical form", a.Header)
		}
	}
	for _, a := range apis {
		if APIOf(a.Root) != a || APIOf(a.Root+"/x") == nil {
			t.Errorf("%s: its root %s belongs to %+v", a.Name, a.Root, APIOf(a.Root))
		}
		for header := range a.headers {
			if header != http.CanonicalHeaderKey(header) {
				t.Errorf("%s: header %q is not in its canonical form", a.Name, header)
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
		if FindAPI(name) != nil || FindAuth(name) != nil {
			t.Errorf("%q is an API or a way of authentication", name)
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

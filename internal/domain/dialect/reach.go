package dialect

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Endpoint is what a provider says of one of its APIs where that is reached in another way than
// its kind has it. What is empty is as the provider and its kind have it.
type Endpoint struct {
	API   string
	Base  *url.URL // nil: the provider's; it may be exact
	Path  string   // in place of the API's root, taken as it is; it may hold ModelPlace
	Query string   // added to that of the base URL
	Auth  string
	// Format is the vendor's own way to say what the API says; empty: as clients say it.
	Format string
}

// Same reports whether both say the same.
func (e Endpoint) Same(other Endpoint) bool {
	return e.API == other.API && text(e.Base) == text(other.Base) && e.Path == other.Path && e.Query == other.Query && e.Auth == other.Auth && e.Format == other.Format
}

func text(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

// Reach says which APIs a provider has and how their endpoints are reached. It is immutable.
type Reach struct {
	kind  *Dialect
	base  *url.URL
	own   []Endpoint
	names bool // own has a conversation
}

// NewReach is the reach of a provider of a kind with this base URL.
func NewReach(kind *Dialect, base *url.URL, own []Endpoint) *Reach {
	return &Reach{
		kind: kind, base: kind.Base(base), own: own,
		names: slices.ContainsFunc(own, func(e Endpoint) bool { a := FindAPI(e.API); return a != nil && a.Conversation }),
	}
}

// Speaks says whether the provider has an API, by its name. Of one that it neither names nor has
// by its kind this is not certain: it is asked for until an answer teaches that it is missing.
func (r *Reach) Speaks(name string) (speaks, certain bool) {
	if r.endpoint(name) != nil {
		return true, true
	}
	api := FindAPI(name)
	switch {
	case api == nil:
		return false, true
	case api.Conversation && r.names:
		return false, true
	}
	return r.kind.has(api)
}

func (r *Reach) endpoint(api string) *Endpoint {
	for i := range r.own {
		if r.own[i].API == api {
			return &r.own[i]
		}
	}
	return nil
}

// Bases are all base URLs of the provider, each with its secrets if it has some; its own is the first.
func (r *Reach) Bases() []*url.URL {
	all := []*url.URL{r.base}
	for _, e := range r.own {
		if e.Base != nil {
			all = append(all, e.Base)
		}
	}
	return all
}

// Route is where an endpoint of a provider is, and how a request there is authenticated.
type Route struct {
	url     *url.URL // its path holds ModelPlace if template
	auth    *Auth
	headers map[string][]string

	template bool
}

// Route is the way to an endpoint such as /chat/completions, also to one that the provider may lack. It
// may have a query.
func (r *Reach) Route(endpoint string) *Route {
	endpoint, query, _ := strings.Cut(endpoint, "?")
	api := cmp.Or(APIOf(endpoint), &API{})
	own := cmp.Or(r.endpoint(api.Name), &Endpoint{})
	base := cmp.Or(own.Base, r.base)
	place := endpoint
	if format := FindFormat(api.Name, own.Format); format != nil {
		place = format.Root + strings.TrimPrefix(endpoint, api.Root)
	}
	messages := r.kind.Main == Messages || api.Name == Messages && own.Base != nil
	u := join(base, place, messages)
	if own.Path != "" && !IsExact(base) {
		u = below(base, own.Path+strings.TrimPrefix(endpoint, api.Root))
	}
	for _, more := range []string{own.Query, query} {
		if more != "" {
			u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+more, "&")
		}
	}
	headers := api.headers
	if api.Name == Models {
		headers = FindAPI(r.kind.Main).headers
	}
	return &Route{
		url: u, template: strings.Contains(u.Path, ModelPlace), headers: headers,
		auth: FindAuth(cmp.Or(own.Auth, r.kind.auth[api.Name], Bearer)),
	}
}

// IsExact reports whether every call goes to the base URL of the route itself.
func (r *Reach) IsExact(endpoint string) bool {
	base := r.base
	if api := APIOf(endpoint); api != nil {
		if own := r.endpoint(api.Name); own != nil {
			base = cmp.Or(own.Base, base)
		}
	}
	return IsExact(base)
}

// URL is that of a request for a model. Nobody changes it.
func (r *Route) URL(model string) *url.URL {
	if !r.template {
		return r.url
	}
	u := *r.url
	u.RawPath = strings.ReplaceAll(escaped(u.Path), escapedPlace, url.PathEscape(model))
	u.Path = strings.ReplaceAll(u.Path, ModelPlace, model)
	return &u
}

// NeedsModel reports whether the URL is another one for each model.
func (r *Route) NeedsModel() bool { return r.template }

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// escapedPlace is how a URL writes ModelPlace.
var escapedPlace = escaped(ModelPlace)

// Prepare puts a credential, if there is one, and what else the endpoint needs into the headers of
// a request.
func (r *Route) Prepare(header http.Header, secret string) {
	if secret != "" {
		header[r.auth.Header] = []string{r.auth.prefix + secret}
	}
	for name, value := range r.headers {
		header[name] = value[:1:1]
	}
}

package upstream

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Dialect is how a kind of upstream differs from the others.
type Dialect struct {
	// URL says where an endpoint such as /chat/completions lives below a provider's base URL.
	URL func(base *url.URL, endpoint string) *url.URL
	// Authorize puts a credential into the headers of a request to an endpoint.
	Authorize func(header http.Header, endpoint, secret string)
	// Dial replaces the network; nil dials the provider's address.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DefaultBase serves providers without a base URL.
	DefaultBase *url.URL
}

// OpenAI is the pass-through dialect of every OpenAI-compatible vendor.
func OpenAI() Dialect {
	return Dialect{URL: openAIURL, Authorize: bearer}
}

// openAIURL appends the endpoint to the base path. A base without a path gets /v1; any
// other path is taken as it is, so /v1, /api/v1 and /v1beta/openai all work. The query
// (?api-version=...) stays.
func openAIURL(base *url.URL, endpoint string) *url.URL {
	u := *base
	path := strings.TrimRight(u.Path, "/")
	if path == "" {
		path = "/v1"
	}
	u.Path, u.RawPath = path+endpoint, ""
	return &u
}

func bearer(header http.Header, _, secret string) {
	header["Authorization"] = []string{"Bearer " + secret}
}

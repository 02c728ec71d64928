package upstream

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"github.com/trunkline-ai/trunkline/internal/domain/baseurl"
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
	return Dialect{URL: baseurl.Join, Authorize: bearer}
}

func bearer(header http.Header, _, secret string) {
	header["Authorization"] = []string{"Bearer " + secret}
}

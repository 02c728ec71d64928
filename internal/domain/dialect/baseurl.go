package dialect

import (
	"net/url"
	"strings"
)

// Join says where an endpoint lives below a provider's base URL, of every dialect: it appends
// the endpoint to the base path. A base without a path gets /v1; any
// other path is taken as it is, so /v1, /api/v1 and /v1beta/openai all work. The query
// (?api-version=...) stays.
func Join(base *url.URL, endpoint string) *url.URL {
	u := *base
	path := strings.TrimRight(u.Path, "/")
	if path == "" {
		path = "/v1"
	}
	u.Path, u.RawPath = path+endpoint, ""
	return &u
}
